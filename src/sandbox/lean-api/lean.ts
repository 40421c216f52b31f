import type { Announcer } from '../webhooks/announcer.ts';
import type { LeanBehaviour } from './behaviour.ts';
import type { EventLog } from '../webhooks/event-log.ts';
import type { IdempotencyMemory } from './idempotency.ts';
import type { PayoutStore } from '../payout-store.ts';
import type { Profile } from '../profile.ts';
import type { Random } from '../random.ts';
import type { Route } from './routes.ts';
import type { Timetable } from '../timetable.ts';
import type { Wire } from './wire.ts';

/** The state that the operations read and change. */
export interface Lean {
  readonly profile: Profile;
  /** It may change from one request to the next. */
  readonly behaviour: Readonly<LeanBehaviour>;
  readonly store: PayoutStore;
  readonly memory: IdempotencyMemory;
  readonly log: EventLog;
  readonly announcer: Announcer;
  readonly timetable: Timetable;
  readonly speed: number;
  readonly maxPageSize: number;
  /** Draws the ids of new payouts. */
  readonly ids: () => Random;
}

/** A request as far as an operation cares. */
export interface LeanRequest {
  readonly route: Route;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  readonly idempotencyKey: string | undefined;
}

/** The format in which this Lean writes its answers now. */
export function wireOf({ profile, behaviour }: Pick<Lean, 'profile' | 'behaviour'>): Wire {
  return behaviour.answers === 'documented' ? profile.documentedWire : profile.wire;
}
