import type { Listing } from '../store/listing.ts'
import { type Command, EXIT } from './command.ts'
import { counted, writeJson, writeLine } from './output.ts'
import { begunDatabasePlace } from './register-place.ts'

export const rebuild: Command = {
  usage: '[--data DIR]',
  summary: "make a register's states from its events again",
  help: `Folds every event of the register in DIR (.proviso unless said), or of the server that DATABASE_URL names, and replaces
each state that is not what its events come to. Lists are made anew. No server may be running on DIR.

Exit 0: every state was what its events say. 1: some were not, and are now. 2: wrong usage, or no register.`,
  options: { data: { type: 'string' } },
  positionals: { least: 0, most: 0 },
  async run(args): Promise<number> {
    // Loaded only here: every command would wait for the database's client.
    const { KINDS } = await import('../server/register-kinds.ts')
    const { openDatabase } = await import('../store/database.ts')
    const { relist } = await import('../store/listing.ts')
    const { rebuild: rebuildStates } = await import('../store/rebuild.ts')
    const { db, close } = await openDatabase(begunDatabasePlace(args))
    try {
      const folds = Object.entries(KINDS).map(([stream, { fold }]) => [stream, fold] as const)
      const { events, differing } = await rebuildStates(db, Object.fromEntries(folds))
      for (const [stream, { listingOf }] of Object.entries(KINDS)) {
        if (listingOf) await relist(db, stream, listingOf as (state: unknown) => Listing)
      }
      if (args.json) await writeJson({ events, differing })
      else {
        for (const { stream, id } of differing) await writeLine(`mended  ${stream} ${id}`)
        await writeLine(`${counted(events, 'event')}, ${counted(differing.length, 'state')} mended`)
      }
      return differing.length === 0 ? EXIT.done : EXIT.no
    } finally {
      await close()
    }
  },
}
