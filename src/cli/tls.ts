import { createSecureContext } from 'node:tls'
import { readSmallFile } from './followed-file.ts'
import { UsageError } from './usage-error.ts'

/** Certificate chain and private key, both PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

export function readTls(certFile: string, keyFile: string): Tls {
  const cert = readSmallFile(certFile)
  const key = readSmallFile(keyFile)
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    const why = (error as Error).message
    throw new UsageError(
      `${certFile} and ${keyFile} are no certificate and its key, in PEM: ${why}`,
    )
  }
  return { cert, key }
}
