import DataLoader from 'dataloader';
import {
  readHistory,
  readIntent,
  readPayout,
  type HistoryEvent,
  type Payout,
  type PayoutIntent,
} from './lean.ts';

/** What a request has read so far, for peers that use DataLoader. */
export interface Loaders {
  readonly payouts: DataLoader<string, Payout>;
  readonly intents: DataLoader<string, PayoutIntent>;
  /** By the intent's id. */
  readonly histories: DataLoader<string, readonly HistoryEvent[]>;
}

export function freshLoaders(): Loaders {
  return { payouts: each(readPayout), intents: each(readIntent), histories: each(readHistory) };
}

/** Lean reads one thing at a time: a batch is that many calls, side by side. */
function each<Value>(read: (key: string) => Promise<Value>): DataLoader<string, Value> {
  return new DataLoader(keys => Promise.all(keys.map(read)));
}
