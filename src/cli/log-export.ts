import { readLogConfig } from '../log/log-directory.ts'
import { payloadsOf } from '../log/payloads.ts'
import { type Arguments, EXIT } from './command.ts'
import { counted, isRead, Progress, warn, writeLine } from './output.ts'
import { decisionPlaceOf, logDirectoryOf, newestEpoch, publishedSizeOf } from './record-place.ts'

/** `proviso log export --log DIR`: what was asked and decided, one JSON object a line, in the order of the log. */
export async function exportAction(args: Arguments): Promise<number> {
  const path = logDirectoryOf(args)
  const config = readLogConfig(path)
  const place = decisionPlaceOf(path, config, args.count('epoch') ?? newestEpoch(path, config))
  const progress = new Progress('records')
  let [shredded, damaged] = [0, 0]
  const range = { from: args.count('from') ?? 0, to: await publishedSizeOf(place) }
  for await (const { index, payload } of payloadsOf(place.files, range)) {
    if (!isRead()) break
    if (payload.state === 'shredded') shredded++
    else if (payload.state !== 'kept') damaged++
    else if (payload.record.outcome !== 'permit') await writeLine(payload.opening.text)
    progress.show(index)
  }
  progress.end()
  if (shredded > 0) warn(`${counted(shredded, 'record')} shredded: what they were about is gone`)
  if (damaged > 0) warn(`${counted(damaged, 'record')} damaged; run \`proviso log fsck ${path}\``)
  return damaged > 0 ? EXIT.no : EXIT.done
}
