import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { historyBody, intentBody, listBody, noHistory, paymentBody } from './lean-bodies.ts';
import { placeOf } from './payout-place.ts';

/**
 * A Lean that answers at once and costs next to nothing: what there is to read is written once for each path, and every
 * payout is taken. It tells how often it has been called.
 *
 * `amount_min` does not filter: its hundredths name a page of payouts, so that concurrent lists differ.
 */
let calls = 0;
const answers = new Map<string, Buffer>();

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  calls += 1;
  const give = (body: Buffer): void => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    response.writeHead(200, headers).end(body);
  };
  if (request.method === 'POST') take(request, give);
  // This Lean has no list of events.
  else if (request.url?.startsWith('/events/') === true) response.writeHead(404).end();
  else give(answerTo(request.url ?? ''));
});

function answerTo(target: string): Buffer {
  let answer = answers.get(target);
  if (answer === undefined) {
    answer = Buffer.from(JSON.stringify(bodyOf(new URL(target, 'http://lean'))));
    answers.set(target, answer);
  }
  return answer;
}

function bodyOf({ pathname, searchParams: query }: URL): object {
  if (pathname === '/payouts/v1/payments')
    return listBody(Math.round(100 * Number(query.get('amount_min'))), Number(query.get('page_size') ?? 50));
  const [, before, id = '', after] =
    /^\/payouts\/v1\/(payments\/|intents\/)?([^/]+)(\/history)?$/.exec(pathname) ?? [];
  const place = placeOf(id);
  if (place !== undefined && before === 'payments/' && after !== undefined)
    return place.kind === 'intent' ? historyBody(place) : noHistory;
  if (place?.kind === 'intent' && before === 'intents/') return intentBody(place);
  if (place?.kind === 'payment' && before === undefined) return paymentBody(place);
  throw new TypeError(`the fast Lean has no ${pathname}`);
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

function take(request: IncomingMessage, give: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { payment_details } = JSON.parse(Buffer.concat(chunks).toString()) as Creation;
    // Our gateway adds a digest of the caller to the key, the others do not: all shall get the same intents.
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
    give(Buffer.from(JSON.stringify(body)));
  });
}

/** The same for the same key, so that servers that are asked for the same payout answer the same. */
function uuidOf(text: string): string {
  const hex = createHash('sha1').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

process.on('message', question => {
  if (question === 'calls') process.send?.(calls);
});
server.listen(0, '127.0.0.1');
