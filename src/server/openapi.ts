import * as z from 'zod'
import { terms } from '../contract/contract.ts'
import { contractCommand } from '../contract/contract-commands.ts'
import { application } from '../review/application.ts'
import { caseCommand } from '../review/case-commands.ts'
import { EVIDENCE_BYTES_MAX, MEDIA_TYPES } from '../review/finding.ts'
import { peopleCommand } from '../review/people.ts'
import { providerCommand } from '../review/provider-register.ts'
import { id } from '../shape.ts'
import { signedBy } from './register.ts'
import { type Header, OPERATIONS, type Operation } from './register-api.ts'
import { problem } from './register-problem.ts'
import { type RegisterRefusal, statusOf } from './register-refusals.ts'

// The register's API as OpenAPI 3.1 has it, from the shapes that it is served by.

const SCHEMAS = '#/components/schemas/'

const COMMANDS = {
  people: peopleCommand,
  provider: providerCommand,
  case: caseCommand,
  contract: contractCommand,
} as const

/** Codes with which any request may be refused, and any that needs a key, and any that has a body. */
const ANY_CODES = ['internal'] as const
const KEY_CODES = ['api-key-refused', 'wrong-scope'] as const
const BODY_CODES = ['body-too-large', 'wrong-content-type', 'malformed-request'] as const

const HEADERS: Readonly<Record<Header, string>> = {
  'If-Match': 'The version that must still stand, as `ETag` gives it',
  'If-None-Match': 'The version that is known, as `ETag` gives it',
  'Idempotency-Key': 'Sent again with the same request, the act is done once; kept for a day',
  'Last-Event-ID': 'The number of the last change that was heard',
}

const PATH_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  id,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
}

/** The API's description, as JSON. */
export function openApi(): unknown {
  const operations = Object.entries<Operation>(OPERATIONS)
  const paths = Map.groupBy(operations, ([, { path }]) => path)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Proviso: the register',
      version: '1',
      description: 'What each part means is in docs/register.md and docs/semantics.md, §12.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ key: [] }],
    paths: Object.fromEntries(
      [...paths].map(([path, of]) => [
        path,
        Object.fromEntries(of.map((one) => [one[1].method.toLowerCase(), operationOf(one)])),
      ]),
    ),
    components: {
      securitySchemes: {
        key: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key of scope `register`, or of the scope that is named',
        },
      },
      schemas: schemas(),
    },
  }
}

function operationOf([operationId, operation]: readonly [string, Operation]): object {
  const { path, summary, isOpen, scope, query, headers = [], body } = operation
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
      name,
      in: 'path',
      required: true,
      schema: schemaOf(PATH_SCHEMAS[name] ?? z.string()),
    })),
    ...Object.entries(query?.shape ?? {}).map(([name, shape]) => ({
      name,
      in: 'query',
      schema: schemaOf(shape as z.ZodType),
    })),
    ...headers.map((name) => ({
      name,
      in: 'header',
      description: HEADERS[name],
      schema: { type: 'string' },
    })),
  ]
  return {
    operationId,
    summary,
    ...(isOpen ? { security: [] } : {}),
    ...(scope ? { description: `It takes an API key of scope \`${scope}\`` } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: { required: true, content: contentOf(body) } } : {}),
    responses: { ...answersOf(operation), ...refusalsOf(operation) },
  }
}

function contentOf(body: NonNullable<Operation['body']>): object {
  if (body !== 'file') {
    return { 'application/json': { schema: { $ref: `${SCHEMAS}act-on-${body.actOn}` } } }
  }
  const schema = { maxLength: EVIDENCE_BYTES_MAX }
  return Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema }]))
}

function answersOf({ answers }: Operation): object {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => {
      if (answer === null) return [status, { description: 'No other than is known' }]
      const content =
        typeof answer === 'string'
          ? { [answer]: {} }
          : { 'application/json': { schema: schemaOf(answer) } }
      return [status, { description: 'Done', content }]
    }),
  )
}

/** Refusals by status, each with its codes. */
function refusalsOf({ codes, isOpen, body }: Operation): object {
  const all: readonly RegisterRefusal[] = [
    ...codes,
    ...(isOpen ? [] : KEY_CODES),
    ...(body ? BODY_CODES : []),
    ...ANY_CODES,
  ]
  const byStatus = Map.groupBy([...new Set(all)].sort(), statusOf)
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: { $ref: `${SCHEMAS}problem` } } },
      },
    ]),
  )
}

function schemaOf(shape: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  return schema
}

/** Shapes that have names: commands by their acts, and what several of them share. */
function schemas(): object {
  const named = z.registry<{ id: string }>()
  named.add(application, { id: 'application' }).add(terms, { id: 'terms' })
  named.add(signedBy, { id: 'signed' }).add(problem, { id: 'problem' })
  for (const { options } of Object.values(COMMANDS)) {
    for (const option of options) named.add(option, { id: actOf(option) })
  }
  const { schemas: made } = z.toJSONSchema(named, {
    io: 'input',
    unrepresentable: 'any',
    uri: (name) => `${SCHEMAS}${name}`,
  })
  const plain = Object.entries(made).map(([name, { $schema: _, $id: __, ...schema }]) => [
    name,
    schema,
  ])
  return { ...Object.fromEntries(plain), ...bodies() }
}

/** The body of an act, for each kind of thing. */
function bodies(): object {
  return Object.fromEntries(
    Object.entries(COMMANDS).map(([kind, { options }]) => {
      const names = options.map(actOf)
      const command = {
        oneOf: names.map((name) => ({ $ref: `${SCHEMAS}${name}` })),
        discriminator: {
          propertyName: 'act',
          mapping: Object.fromEntries(names.map((name) => [name, `${SCHEMAS}${name}`])),
        },
      }
      const body = {
        type: 'object',
        properties: { command, signed: { $ref: `${SCHEMAS}signed` } },
        required: ['command', 'signed'],
        additionalProperties: false,
      }
      return [`act-on-${kind}`, body]
    }),
  )
}

function actOf({ shape }: { readonly shape: { readonly act: z.ZodLiteral<string> } }): string {
  return shape.act.value
}
