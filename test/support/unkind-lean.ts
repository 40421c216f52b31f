import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { listening } from '../lean/wiring.ts';

/** Whatever Lean has not promised. Times are ms of Lean's clock. */
export interface Unkindness {
  /** From the arrival of a request until its payout exists. */
  readonly processingMs: number;
  /** From then until the list shows it. */
  readonly listingMs: number;
  readonly keys: 'forgotten' | 'replayed' | 'refused';
  readonly references: 'exact' | 'cut' | 'lower case' | 'dropped';
  readonly amounts: 'exact' | 'rounded';
  readonly order: 'newest' | 'unsorted';
  readonly pageCap: number;
  /** Whether there is a call for single intents. */
  readonly intents: boolean;
  /** How far Lean's clock is ahead of everybody else's. */
  readonly clockOffsetMs: number;
}

export const kind: Unkindness = {
  processingMs: 0,
  listingMs: 0,
  keys: 'forgotten',
  references: 'exact',
  amounts: 'exact',
  order: 'newest',
  pageCap: 100,
  intents: true,
  clockOffsetMs: 0,
};

/** What befalls one creation request. */
export type Trouble =
  | 'none'
  | 'lost before Lean took it'
  | 'lost after Lean took it'
  | 'no answer'
  | 'failed inside a 200'
  | 'a definite refusal'
  | 'too little balance'
  | 'turned away'
  | 'a page of an edge'
  | 'a fault after Lean took it'
  | 'a duplicate, says Lean';

/** A creation request as Lean got it. */
export interface Post {
  /** The true time. */
  readonly at: number;
  readonly key: string;
  readonly body: string;
  /** Whether Lean turned it away before it looked at it. */
  readonly turnedAway: boolean;
}

/** A payout of Lean's. */
export interface Entry {
  readonly intentId: string;
  /** The key of the request that made it; null for one of somebody else. */
  readonly key: string | null;
  readonly takenAt: number;
  readonly amount: string;
  readonly currency: string;
  readonly description: string;
  readonly reference: string | null;
  readonly destinationId: string;
  readonly failed: boolean;
}

interface WireTransfer {
  readonly payment_destination_id: string;
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly external_reference: string;
}

/** A Lean whose clock and troubles are the test's, and whose ledger the test can read. */
export class UnkindLean {
  readonly posts: Post[] = [];
  readonly ledger: Entry[] = [];
  unkindness: Unkindness = kind;
  /** What befalls the next creation requests, first to last. */
  troubles: Trouble[] = [];
  /** Whether reads fail. */
  blind = false;
  /** How far the `Date` of answers is ahead of Lean's clock. */
  dateOffsetMs = 0;
  readonly #time: () => number;
  #ids = 0;
  #waiting: (() => void)[] = [];
  #pending: { readonly at: number; readonly entry: Entry }[] = [];

  /** @param time the true one */
  constructor(time: () => number) {
    this.#time = time;
  }

  #clock(): number {
    return this.#time() + this.unkindness.clockOffsetMs;
  }

  /** Payouts that exist by now, or will. */
  get all(): readonly Entry[] {
    return [...this.ledger, ...this.#pending.map(({ entry }) => entry)];
  }

  reset(unkindness: Unkindness): void {
    this.posts.length = 0;
    this.ledger.length = 0;
    this.#pending = [];
    this.troubles = [];
    this.blind = false;
    this.dateOffsetMs = 0;
    this.unkindness = unkindness;
  }

  /** Takes what has been processed by now. */
  settle(): void {
    const now = this.#clock();
    const due = this.#pending.filter(({ at }) => at <= now);
    this.#pending = this.#pending.filter(({ at }) => at > now);
    this.ledger.push(...due.map(({ entry }) => entry));
  }

  /** Resolves when the next creation request has arrived. */
  received(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  /** A payout that somebody else has made. */
  add(entry: Omit<Entry, 'intentId' | 'key' | 'takenAt' | 'failed'>): void {
    this.ledger.push({ ...entry, intentId: this.#id(), key: null, takenAt: this.#clock(), failed: false });
  }

  listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.settle();
      response.setHeader('date', new Date(this.#clock() + this.dateOffsetMs).toUTCString());
      if (request.method === 'POST') this.#create(request, response, Buffer.concat(chunks).toString());
      else this.#read(new URL(request.url ?? '', 'http://lean'), response);
    });
  };

  #create(request: IncomingMessage, response: ServerResponse, body: string): void {
    const key = String(request.headers['idempotency-key']);
    const trouble = this.troubles.shift() ?? 'none';
    for (const hear of this.#waiting.splice(0)) hear();
    this.posts.push({ at: this.#time(), key, body, turnedAway: trouble === 'turned away' });
    const earlier = this.all.filter(entry => entry.key === key);
    if (trouble === 'lost before Lean took it') return void response.destroy();
    if (trouble === 'turned away') return refuse(response, 429, 'RATE_LIMIT_EXCEEDED');
    if (trouble === 'a definite refusal') return refuse(response, 400, 'INVALID_AMOUNT');
    if (trouble === 'too little balance') return refuse(response, 400, 'INSUFFICIENT_BALANCE');
    if (trouble === 'a duplicate, says Lean') return refuse(response, 409, 'DUPLICATED_REQUEST');
    if (trouble === 'a page of an edge') return void response.writeHead(404).end('<html></html>');
    if (earlier.length > 0 && this.unkindness.keys === 'refused')
      return refuse(response, 409, 'IDEMPOTENCY_KEY_ALREADY_USED');
    const replayed = earlier.length > 0 && this.unkindness.keys === 'replayed';
    const entries = replayed ? earlier : this.#take(key, body, trouble === 'failed inside a 200');
    const late = this.unkindness.processingMs > 0 && !replayed;
    if (trouble === 'no answer' || late) return;
    if (trouble === 'lost after Lean took it') return void response.destroy();
    if (trouble === 'a fault after Lean took it') return refuse(response, 500, 'INTERNAL_SERVER_ERROR');
    answer(response, {
      payouts_payment_details: entries.map(({ intentId, destinationId, amount, currency, failed }) => ({
        payment_intent_id: intentId,
        destination_details: {
          destination_id: destinationId,
          amount: Number(amount),
          currency,
          payment_status: failed ? 'FAILED' : 'CREATED',
        },
      })),
    });
  }

  #take(key: string, body: string, failed: boolean): readonly Entry[] {
    const { payment_details } = JSON.parse(body) as {
      readonly payment_details: readonly { readonly destination_details: readonly WireTransfer[] }[];
    };
    const takenAt = this.#clock() + this.unkindness.processingMs;
    const entries = payment_details.flatMap(({ destination_details }) =>
      destination_details.map(wire => ({
        intentId: this.#id(),
        key,
        takenAt,
        amount: String(wire.amount),
        currency: wire.currency,
        description: wire.description,
        reference: wire.external_reference,
        destinationId: wire.payment_destination_id,
        failed,
      })),
    );
    this.#pending.push(...entries.map(entry => ({ at: takenAt, entry })));
    this.settle();
    return entries;
  }

  #read({ pathname, searchParams }: URL, response: ServerResponse): void {
    if (this.blind) return refuse(response, 400, 'INVALID_PARAMETERS');
    if (pathname === '/payouts/v1/payments') return answer(response, this.#list(searchParams));
    const [, intentId] = /^\/payouts\/v1\/intents\/(.+)$/.exec(pathname) ?? [];
    const entry = this.ledger.find(each => each.intentId === intentId);
    if (intentId !== undefined && !this.unkindness.intents) return refuse(response, 404, 'INVALID_URL');
    if (entry === undefined) return refuse(response, 404, 'UNKNOWN_PAYMENT_INTENT');
    answer(response, {
      payment_intent_id: entry.intentId,
      amount: this.#amountOf(entry),
      currency: entry.currency,
      description: entry.description,
      external_reference: this.#referenceOf(entry),
      payment: null,
      payment_destination: { id: entry.destinationId },
    });
  }

  #list(query: URLSearchParams): object {
    const [from, to] = ['from', 'to'].map(name => Date.parse(query.get(name) ?? '')) as [number, number];
    const now = this.#clock();
    const { listingMs, order, pageCap } = this.unkindness;
    const rows = this.ledger
      .filter(({ takenAt }) => takenAt + listingMs <= now)
      .filter(({ takenAt }) => !(takenAt < from) && !(takenAt > to))
      .toSorted(order === 'newest' ? (a, b) => b.takenAt - a.takenAt : (a, b) => hash(a) - hash(b));
    const size = Math.min(Number(query.get('page_size') ?? 50), pageCap);
    const start = Number(query.get('page_number') ?? 0) * size;
    return {
      content: rows.slice(start, start + size).map(entry => ({
        payment_intent_id: entry.intentId,
        amount: this.#amountOf(entry),
        currency: entry.currency,
        description: entry.description,
        created_at: new Date(entry.takenAt).toISOString(),
        recipient_iban: entry.destinationId,
        status: entry.failed ? 'FAILED' : 'CREATED',
      })),
      page: { number: 0, size: Number(query.get('page_size')), total_elements: rows.length },
    };
  }

  #amountOf({ amount }: Entry): number {
    return this.unkindness.amounts === 'rounded' ? Math.round(Number(amount)) : Number(amount);
  }

  #referenceOf({ reference }: Entry): string | null {
    const { references } = this.unkindness;
    if (reference === null || references === 'dropped') return null;
    if (references === 'cut') return reference.slice(0, 6);
    return references === 'lower case' ? reference.toLowerCase() : reference;
  }

  #id(): string {
    this.#ids += 1;
    return `c0000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`;
  }
}

/** Starts it; it is gone when the test is over. */
export async function startUnkindLean(
  clock: () => number,
): Promise<{ readonly lean: UnkindLean; readonly url: string }> {
  const lean = new UnkindLean(clock);
  const server = createServer(lean.listener);
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { lean, url };
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ timestamp: '', status: code, message: 'No.', metadata: null }));
}

/** A fixed order that is no order in time. */
function hash({ intentId }: Entry): number {
  return [...intentId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, 7);
}
