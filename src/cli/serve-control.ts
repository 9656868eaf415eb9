import { printVerifier } from '../log/key.ts'
import type { Arguments } from './command.ts'
import { Controlled } from './controlled.ts'
import { OfferClient } from './offer-client.ts'
import { readPublisher } from './publisher.ts'
import { controlOf } from './register-place.ts'
import { apiKeyOf, registerUrlOf } from './register-url.ts'
import type { OpenRegisterParts } from './serve-register.ts'
import { readTrustFile } from './trust-file.ts'

/** Begins to follow a register elsewhere, believed as far as files say that came another way. */
export async function openControl(
  args: Arguments,
  { evidence, clock, log }: OpenRegisterParts,
): Promise<Controlled> {
  const publisher = await readPublisher(args.text('publisher') ?? '')
  const trust = await readTrustFile(args.text('trust') ?? '')
  const client = new OfferClient(registerUrlOf('control', controlOf(args) ?? ''), apiKeyOf(args))
  const last = await evidence.lastTakenOf(printVerifier(publisher))
  return new Controlled({ client, publisher, trust, evidence, last, clock: clock.now, log })
}
