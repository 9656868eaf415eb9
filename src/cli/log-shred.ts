import { shredSidecar } from '../log/journal.ts'
import { type Arguments, EXIT } from './command.ts'
import { writeJson, writeLine } from './output.ts'
import { publishedSizeOf, recordPlaceOf } from './record-place.ts'
import { UsageError } from './usage-error.ts'

/** `proviso log shred --record ID --log DIR`: destroys what a record was about, and leaves the record. */
export async function shredAction(args: Arguments): Promise<number> {
  const record = args.text('record')
  if (record === undefined) throw new UsageError('say which record: --record ID')
  const place = recordPlaceOf(args, record)
  const { index, files } = place
  if (index === null) throw new UsageError('name the record that is to be shredded by its id')
  const size = await publishedSizeOf(place)
  // Before it is under a checkpoint, a payload that does not fit would pass for a write that was torn.
  if (index >= size) {
    throw new UsageError(`${record} is not under a checkpoint; the log has ${size} entries`)
  }
  await shredSidecar(files, index)
  if (args.json) await writeJson({ shredded: record })
  else
    await writeLine(
      `${record}: shredded; the record stays, and receipts that were given out are valid`,
    )
  return EXIT.done
}
