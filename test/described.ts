import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { assert } from '../src/assert.ts'
import { openApi } from '../src/server/openapi.ts'

// Holds what is asked of a register's API, and what it answers, against its description, by somebody else's validator.

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
}

interface Described {
  readonly requestBody?: { readonly content: Contents }
  readonly responses: Readonly<Record<string, { readonly content?: Contents }>>
}

type Contents = Readonly<Record<string, { readonly schema?: object }>>

/** A request below /api/v1, and its answer. */
export interface Exchange {
  readonly method: string
  /** Without what it is asked by. */
  readonly path: string
  /** In JSON; undefined when none was sent. */
  readonly sent: string | undefined
  readonly status: number
  readonly type: string
  readonly body: unknown
}

const DESCRIPTION = openApi() as Description
const NAME = 'description'

const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(DESCRIPTION, NAME)
const validators = new Map<string, ValidateFunction>()

/** The validator of a part of the description, by the names that lead there. */
function validatorOf(names: readonly string[]): ValidateFunction {
  const pointer = names.map((name) => name.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
  const $ref = `${NAME}#/${encodeURI(pointer)}`
  const known = validators.get($ref)
  if (known) return known
  const made = ajv.compile({ $ref })
  validators.set($ref, made)
  return made
}

/** Throws where an answer, or a request that was carried out, is not as the description says. */
export function assertDescribed({ method, path, sent, status, type, body }: Exchange): void {
  const name = Object.keys(DESCRIPTION.paths).find((one) => patternOf(one).test(path))
  const at = method.toLowerCase()
  const described = name === undefined ? undefined : DESCRIPTION.paths[name]?.[at]
  const said = `${method} ${path}, ${status}`
  assert(name !== undefined && described !== undefined, `${said}: not described`)
  const answer = described.responses[status]
  assert(answer !== undefined, `${said}: this status is not described`)
  const [media = ''] = type.split(';')
  const content = answer.content ?? {}
  assert(media === '' || media in content, `${said}: ${media} is not described`)
  if (content[media]?.schema) {
    assertValid(said, body, ['paths', name, at, 'responses', `${status}`, 'content', media])
  }
  if (sent !== undefined && status < 300 && described.requestBody) {
    const value: unknown = JSON.parse(sent)
    assertValid(said, value, ['paths', name, at, 'requestBody', 'content', 'application/json'])
  }
}

function assertValid(said: string, value: unknown, names: readonly string[]): void {
  const validate = validatorOf([...names, 'schema'])
  const isValid = validate(value)
  assert(isValid, `${said}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`)
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}
