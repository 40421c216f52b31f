import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { historyBody, intentBody, listBody, emptyHistory, paymentBody } from './lean-bodies.ts';
import { positionOf } from './payout-position.ts';

/*
 * A Lean that responds at once and uses little CPU time: each response to a read is rendered once and cached, and
 * every creation succeeds. The message `calls` returns the number of requests so far.
 *
 * `amount_min` does not filter. Its hundredths select a page of payouts, so that concurrent lists differ.
 */
let calls = 0;
const cachedBodies = new Map<string, Buffer>();

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  calls += 1;
  const respond = (body: Buffer): void => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    response.writeHead(200, headers).end(body);
  };
  if (request.method === 'POST') createPayouts(request, respond);
  // This Lean has no events API.
  else if (request.url?.startsWith('/events/') === true) response.writeHead(404).end();
  else respond(cachedBody(request.url ?? ''));
});

function cachedBody(target: string): Buffer {
  let body = cachedBodies.get(target);
  if (body === undefined) {
    body = Buffer.from(JSON.stringify(bodyOf(new URL(target, 'http://lean'))));
    cachedBodies.set(target, body);
  }
  return body;
}

function bodyOf({ pathname, searchParams: query }: URL): object {
  if (pathname === '/payouts/v1/payments')
    return listBody(Math.round(100 * Number(query.get('amount_min'))), Number(query.get('page_size') ?? 50));
  const [, prefix, id = '', suffix] =
    /^\/payouts\/v1\/(payments\/|intents\/)?([^/]+)(\/history)?$/.exec(pathname) ?? [];
  const position = positionOf(id);
  if (position !== undefined && prefix === 'payments/' && suffix !== undefined)
    return position.kind === 'intent' ? historyBody(position) : emptyHistory;
  if (position?.kind === 'intent' && prefix === 'intents/') return intentBody(position);
  if (position?.kind === 'payment' && prefix === undefined) return paymentBody(position);
  throw new TypeError(`the fast Lean does not serve ${pathname}`);
}

interface Creation {
  readonly payment_details: readonly {
    readonly destination_details: readonly {
      readonly payment_destination_id: string;
      readonly amount: number;
      readonly currency: string;
    }[];
  }[];
}

function createPayouts(request: IncomingMessage, respond: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { payment_details } = JSON.parse(Buffer.concat(chunks).toString()) as Creation;
    // Our gateway appends a digest of the caller to the key. It is removed here, so that all servers get the same
    // intents.
    const [key = ''] = String(request.headers['idempotency-key']).split('.');
    const details = payment_details.flatMap(({ destination_details }) => destination_details);
    const body = {
      end_user_id: uuidOf(`${key} user`),
      payouts_payment_details: details.map(({ payment_destination_id, amount, currency }, index) => ({
        payment_intent_id: uuidOf(`${key} intent ${String(index)}`),
        initiate_payment_task_id: uuidOf(`${key} task ${String(index)}`),
        account_number: '0100000000000001',
        iban: 'AE070331234567890123456',
        destination_details: {
          destination_id: payment_destination_id,
          amount,
          currency,
          payment_status: 'CREATED',
          error_message: null,
          recipient_details: {
            account_number: '0200000000000002',
            iban: 'AE460090000000123456789',
            name: 'Horizon Contracting',
          },
        },
        bank_identifier: 'LEAN_SME_MB1_UAE',
      })),
    };
    respond(Buffer.from(JSON.stringify(body)));
  });
}

/** A UUID that depends on `text` alone, so that all servers return the same ids for the same key. */
function uuidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

process.on('message', command => {
  if (command === 'calls') process.send?.(calls);
});
server.listen(0, '127.0.0.1');
