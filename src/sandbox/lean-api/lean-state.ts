import type { PayoutStore } from '../payout-store.ts';
import type { Profile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import type { EventLog } from '../webhooks/event-log.ts';
import type { EventPublisher } from '../webhooks/event-publisher.ts';
import type { LeanBehaviour } from './behaviour.ts';
import type { IdempotencyStore } from './idempotency.ts';
import type { Route } from './routes.ts';
import type { WireFormat } from './wire.ts';

/** The state that Lean's operations read and change. */
export interface LeanState {
  readonly profile: Profile;
  /** A test may change it between requests. */
  readonly behaviour: Readonly<LeanBehaviour>;
  readonly store: PayoutStore;
  readonly idempotency: IdempotencyStore;
  readonly eventLog: EventLog;
  readonly eventPublisher: EventPublisher;
  readonly schedule: Schedule;
  readonly speed: number;
  readonly maxPageSize: number;
  /** Draws the ids of new payouts. */
  readonly idRng: () => Random;
}

/** The parts of a request that operations read. */
export interface LeanRequest {
  readonly route: Route;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  readonly idempotencyKey: string | undefined;
}

/** The format in which Lean currently writes its responses. */
export function wireFormatOf({ profile, behaviour }: Pick<LeanState, 'profile' | 'behaviour'>): WireFormat {
  return behaviour.answers === 'documented' ? profile.documentedWire : profile.wire;
}
