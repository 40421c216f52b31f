import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { listening } from './started-server.ts';

/** Lean's undocumented behaviour. Times are in ms of Lean's clock. */
export interface FakeLeanBehaviour {
  /** The time from the arrival of a request until its payout exists. */
  readonly processingMs: number;
  /** The time from the creation of a payout until the list contains it. */
  readonly listingMs: number;
  readonly keys: 'forgotten' | 'replayed' | 'refused';
  readonly references: 'exact' | 'cut' | 'lower case' | 'dropped';
  readonly amounts: 'exact' | 'rounded';
  readonly answerOrder: 'as sent' | 'reversed';
  readonly listOrder: 'newest' | 'unsorted';
  readonly maxPageSize: number;
  /** How many of the first intents cannot be read. */
  readonly unreadableIntents: number;
  /** Whether single intents can be read. */
  readonly hasIntentEndpoint: boolean;
  /** How far Lean's clock is ahead of the true time. */
  readonly clockOffsetMs: number;
}

export const defaultBehaviour: FakeLeanBehaviour = {
  processingMs: 0,
  listingMs: 0,
  keys: 'forgotten',
  references: 'exact',
  amounts: 'exact',
  answerOrder: 'as sent',
  listOrder: 'newest',
  maxPageSize: 100,
  unreadableIntents: 0,
  hasIntentEndpoint: true,
  clockOffsetMs: 0,
};

/** The fault of one creation request. */
export type CreationFault =
  | 'none'
  | 'lost before Lean received it'
  | 'lost after Lean accepted it'
  | 'no answer'
  | 'failed in a 200'
  | 'a definite refusal'
  | 'insufficient balance'
  | 'turned away'
  | 'an HTML page of a proxy'
  | 'an error after Lean accepted it'
  | 'refused as a duplicate';

/** A creation request that Lean has received. */
export interface ReceivedCreation {
  /** The true time, in epoch ms. */
  readonly at: number;
  readonly key: string;
  readonly body: string;
  /** Whether Lean refused it with 429 without processing it. */
  readonly rateLimited: boolean;
}

/** A payout that Lean holds. */
export interface FakePayout {
  readonly intentId: string;
  /** The idempotency key of the request that created it. Null for a payout that `add` created. */
  readonly key: string | null;
  readonly createdAt: number;
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

/** A Lean with a clock and with faults that the test controls, and with payouts that the test can read. */
export class FakeLean {
  readonly receivedCreations: ReceivedCreation[] = [];
  readonly payouts: FakePayout[] = [];
  behaviour: FakeLeanBehaviour = defaultBehaviour;
  /** The faults of the next creation requests, in order. */
  creationFaults: CreationFault[] = [];
  /** Whether all reads fail. */
  failReads = false;
  /** How far the `date` header of responses is ahead of Lean's clock, in ms. */
  dateOffsetMs = 0;
  readonly #trueTime: () => number;
  #lastId = 0;
  #creationListeners: (() => void)[] = [];
  #pending: { readonly at: number; readonly payout: FakePayout }[] = [];

  /** @param trueTime epoch ms */
  constructor(trueTime: () => number) {
    this.#trueTime = trueTime;
  }

  #clock(): number {
    return this.#trueTime() + this.behaviour.clockOffsetMs;
  }

  /** The existing payouts, and those that are still being processed. */
  get allPayouts(): readonly FakePayout[] {
    return [...this.payouts, ...this.#pending.map(({ payout }) => payout)];
  }

  reset(behaviour: FakeLeanBehaviour): void {
    this.receivedCreations.length = 0;
    this.payouts.length = 0;
    this.#pending = [];
    this.creationFaults = [];
    this.failReads = false;
    this.dateOffsetMs = 0;
    this.behaviour = behaviour;
  }

  /** Adds the payouts whose processing time is over. */
  finishProcessing(): void {
    const now = this.#clock();
    const due = this.#pending.filter(({ at }) => at <= now);
    this.#pending = this.#pending.filter(({ at }) => at > now);
    this.payouts.push(...due.map(({ payout }) => payout));
  }

  /** Resolves when the next creation request has arrived. */
  nextCreation(): Promise<void> {
    return new Promise(resolve => this.#creationListeners.push(resolve));
  }

  /** Adds a payout that no creation request of the gateway created. */
  add(payout: Omit<FakePayout, 'intentId' | 'key' | 'createdAt' | 'failed'>): void {
    this.payouts.push({
      ...payout,
      intentId: this.#nextId(),
      key: null,
      createdAt: this.#clock(),
      failed: false,
    });
  }

  listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.finishProcessing();
      response.setHeader('date', new Date(this.#clock() + this.dateOffsetMs).toUTCString());
      if (request.method === 'POST') this.#create(request, response, Buffer.concat(chunks).toString());
      else this.#read(new URL(request.url ?? '', 'http://lean'), response);
    });
  };

  #create(request: IncomingMessage, response: ServerResponse, body: string): void {
    const key = String(request.headers['idempotency-key']);
    const fault = this.creationFaults.shift() ?? 'none';
    for (const notify of this.#creationListeners.splice(0)) notify();
    this.receivedCreations.push({ at: this.#trueTime(), key, body, rateLimited: fault === 'turned away' });
    const earlier = this.allPayouts.filter(payout => payout.key === key);
    if (fault === 'lost before Lean received it') return void response.destroy();
    if (fault === 'turned away') return refuse(response, 429, 'RATE_LIMIT_EXCEEDED');
    if (fault === 'a definite refusal') return refuse(response, 400, 'INVALID_AMOUNT');
    if (fault === 'insufficient balance') return refuse(response, 400, 'INSUFFICIENT_BALANCE');
    if (fault === 'refused as a duplicate') return refuse(response, 409, 'DUPLICATED_REQUEST');
    if (fault === 'an HTML page of a proxy') return void response.writeHead(404).end('<html></html>');
    if (earlier.length > 0 && this.behaviour.keys === 'refused')
      return refuse(response, 409, 'IDEMPOTENCY_KEY_ALREADY_USED');
    const isReplay = earlier.length > 0 && this.behaviour.keys === 'replayed';
    const payouts = isReplay ? earlier : this.#createPayouts(key, body, fault === 'failed in a 200');
    // A creation with a processing time never gets a response, although its payout is created.
    const isProcessed = this.behaviour.processingMs > 0 && !isReplay;
    if (fault === 'no answer' || isProcessed) return;
    if (fault === 'lost after Lean accepted it') return void response.destroy();
    if (fault === 'an error after Lean accepted it') return refuse(response, 500, 'INTERNAL_SERVER_ERROR');
    const answered = this.behaviour.answerOrder === 'reversed' ? payouts.toReversed() : payouts;
    respond(response, {
      payouts_payment_details: answered.map(({ intentId, destinationId, amount, currency, failed }) => ({
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

  #createPayouts(key: string, body: string, failed: boolean): readonly FakePayout[] {
    const { payment_details } = JSON.parse(body) as {
      readonly payment_details: readonly { readonly destination_details: readonly WireTransfer[] }[];
    };
    const createdAt = this.#clock() + this.behaviour.processingMs;
    const payouts = payment_details.flatMap(({ destination_details }) =>
      destination_details.map(wire => ({
        intentId: this.#nextId(),
        key,
        createdAt,
        amount: String(wire.amount),
        currency: wire.currency,
        description: wire.description,
        reference: wire.external_reference,
        destinationId: wire.payment_destination_id,
        failed,
      })),
    );
    this.#pending.push(...payouts.map(payout => ({ at: createdAt, payout })));
    this.finishProcessing();
    return payouts;
  }

  #read({ pathname, searchParams }: URL, response: ServerResponse): void {
    if (this.failReads) return refuse(response, 400, 'INVALID_PARAMETERS');
    if (pathname === '/payouts/v1/payments') return respond(response, this.#list(searchParams));
    const [, intentId] = /^\/payouts\/v1\/intents\/(.+)$/.exec(pathname) ?? [];
    const payout = this.payouts.find(each => each.intentId === intentId);
    if (intentId !== undefined && !this.behaviour.hasIntentEndpoint)
      return refuse(response, 404, 'INVALID_URL');
    if (payout === undefined) return refuse(response, 404, 'UNKNOWN_PAYMENT_INTENT');
    if (this.payouts.indexOf(payout) < this.behaviour.unreadableIntents)
      return refuse(response, 400, 'INVALID_PARAMETERS');
    respond(response, {
      payment_intent_id: payout.intentId,
      amount: this.#amountOf(payout),
      currency: payout.currency,
      description: payout.description,
      external_reference: this.#referenceOf(payout),
      payment: null,
      payment_destination: { id: payout.destinationId },
    });
  }

  #list(query: URLSearchParams): object {
    const [from, to] = ['from', 'to'].map(name => Date.parse(query.get(name) ?? '')) as [number, number];
    const now = this.#clock();
    const { listingMs, listOrder, maxPageSize } = this.behaviour;
    const rows = this.payouts
      .filter(({ createdAt }) => createdAt + listingMs <= now)
      .filter(({ createdAt }) => !(createdAt < from) && !(createdAt > to))
      .toSorted(listOrder === 'newest' ? (a, b) => b.createdAt - a.createdAt : (a, b) => hash(a) - hash(b));
    const size = Math.min(Number(query.get('page_size') ?? 50), maxPageSize);
    const start = Number(query.get('page_number') ?? 0) * size;
    return {
      content: rows.slice(start, start + size).map(payout => ({
        payment_intent_id: payout.intentId,
        amount: this.#amountOf(payout),
        currency: payout.currency,
        description: payout.description,
        created_at: new Date(payout.createdAt).toISOString(),
        recipient_iban: payout.destinationId,
        status: payout.failed ? 'FAILED' : 'CREATED',
      })),
      page: {
        number: Number(query.get('page_number') ?? 0),
        size: Number(query.get('page_size')),
        total_elements: rows.length,
      },
    };
  }

  #amountOf({ amount }: FakePayout): number {
    return this.behaviour.amounts === 'rounded' ? Math.round(Number(amount)) : Number(amount);
  }

  #referenceOf({ reference }: FakePayout): string | null {
    const { references } = this.behaviour;
    if (reference === null || references === 'dropped') return null;
    if (references === 'cut') return reference.slice(0, 6);
    return references === 'lower case' ? reference.toLowerCase() : reference;
  }

  #nextId(): string {
    this.#lastId += 1;
    return `c0000000-0000-4000-8000-${String(this.#lastId).padStart(12, '0')}`;
  }
}

/** Starts a fake Lean, which closes with the test. @param clock the true time, in epoch ms */
export async function startFakeLean(
  clock: () => number,
): Promise<{ readonly lean: FakeLean; readonly url: string }> {
  const lean = new FakeLean(clock);
  const server = createServer(lean.listener);
  const url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { lean, url };
}

function respond(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ timestamp: '', status: code, message: 'No.', metadata: null }));
}

/** A stable hash, for an order of the list that is not chronological. */
function hash({ intentId }: FakePayout): number {
  return [...intentId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1009, 7);
}
