import DataLoader from 'dataloader';
import {
  readHistory,
  readIntent,
  readPayout,
  type HistoryEvent,
  type Payout,
  type PayoutIntent,
} from './lean.ts';

/** The data loaders of one request, for peers that use DataLoader. */
export interface Loaders {
  readonly payouts: DataLoader<string, Payout>;
  readonly intents: DataLoader<string, PayoutIntent>;
  /** By the intent's id. */
  readonly histories: DataLoader<string, readonly HistoryEvent[]>;
}

export function createLoaders(): Loaders {
  return { payouts: loader(readPayout), intents: loader(readIntent), histories: loader(readHistory) };
}

/** Lean has no bulk reads, so a batch is one parallel call for each key. */
function loader<Value>(read: (key: string) => Promise<Value>): DataLoader<string, Value> {
  return new DataLoader(keys => Promise.all(keys.map(read)));
}
