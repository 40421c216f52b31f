import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A Lean that takes every payout, after as many ms as it was started with, and costs next to nothing. */
const delayMs = Number(process.argv[2] ?? 0);

interface Creation {
  readonly payment_details: readonly {
    readonly destination_details: readonly {
      readonly payment_destination_id: string;
      readonly amount: number;
      readonly currency: string;
    }[];
  }[];
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { payment_details } = JSON.parse(Buffer.concat(chunks).toString()) as Creation;
    const body = JSON.stringify({
      end_user_id: randomUUID(),
      payouts_payment_details: payment_details.flatMap(({ destination_details }) =>
        destination_details.map(({ payment_destination_id, amount, currency }) => ({
          payment_intent_id: randomUUID(),
          initiate_payment_task_id: randomUUID(),
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
      ),
    });
    const answer = (): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    };
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
});
