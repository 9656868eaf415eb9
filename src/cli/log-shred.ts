import { shredSidecar } from '../log/journal.ts'
import { openLog } from '../log/make-receipt.ts'
import { type Arguments, EXIT } from './command.ts'
import { recordPlaceOf } from './log-place.ts'
import { writeJson, writeLine } from './output.ts'
import { UsageError } from './usage-error.ts'

/** `proviso log shred --record ID --log DIR`: destroys what a record was about, and leaves the record. */
export async function shredAction(args: Arguments): Promise<number> {
  const record = args.text('record')
  if (record === undefined) throw new UsageError('say which record: --record ID')
  const { decisions, index } = recordPlaceOf(args, record)
  if (index === null) throw new UsageError('name the record that is to be shredded by its id')
  const head = await openLog(decisions)
  if (!head.ok) throw new UsageError(head.error.message)
  // Before it is under a checkpoint, a payload that does not fit would pass for a write that was torn.
  if (index >= head.value.size) {
    throw new UsageError(
      `${record} is not under a checkpoint; the log has ${head.value.size} entries`,
    )
  }
  await shredSidecar(decisions.files, index)
  if (args.json) await writeJson({ shredded: record })
  else
    await writeLine(
      `${record}: shredded; the record stays, and receipts that were given out are valid`,
    )
  return EXIT.done
}
