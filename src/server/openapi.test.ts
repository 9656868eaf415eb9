import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { openApi } from './openapi.ts'
import { REGISTER_CODES } from './register-refusals.ts'

const FILE = join(import.meta.dirname, '../../schemas/openapi.json')

test('schemas/openapi.json is the description that is served', () => {
  const printed = `${JSON.stringify(openApi(), null, 2)}\n`
  if (process.env['PROVISO_GOLDEN'] === 'write') writeFileSync(FILE, printed)
  else expect(readFileSync(FILE, 'utf8')).toBe(printed)
})

test('somebody else’s validator takes the description for OpenAPI 3.1, and all that it refers to is there', async () => {
  const description = JSON.parse(JSON.stringify(openApi())) as Description
  const validator = new Validator()
  expect(await validator.validate({ ...description })).toEqual({ valid: true })
  expect(validator.version).toBe('3.1')
  const text = JSON.stringify(description)
  const references = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)]
  expect(references.length).toBeGreaterThan(40)
  const names = Object.keys(description.components.schemas)
  for (const [, name] of references) expect(names).toContain(name)
  expect(text).not.toContain('$defs')
})

interface Description {
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties: { readonly code: object } }>>
  }
}

test('every code of a refusal is one of the problem’s', () => {
  const { components } = openApi() as Description
  expect(components.schemas['problem']?.properties.code).toMatchObject({ enum: REGISTER_CODES })
})
