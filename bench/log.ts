import { digestOf } from '../src/digest.ts'
import { Evidence } from '../src/log/evidence.ts'
import { createLogDirectory } from '../src/log/log-directory.ts'
import { NOW } from './example.ts'

const NO_BUNDLE = digestOf('0'.repeat(64))

/** Makes a directory of logs and begins to keep them, as a server does. */
export function openLog(path: string): Promise<Evidence> {
  createLogDirectory(path, { host: 'bench.example', name: 'main' })
  const fail = (error: Error): void => {
    throw error
  }
  return Evidence.open({
    path,
    clock: () => NOW,
    bundle: () => NO_BUNDLE,
    onTrouble: fail,
    onStopped: fail,
  })
}
