import { createServer, type IncomingMessage } from 'node:http';
import {
  createPayout,
  readHistory,
  readIntent,
  readPayout,
  readPayouts,
  type CreatePayoutInput,
  type Payout,
  type PayoutsArguments,
} from './lean.ts';

/*
 * The minimum: the same Lean calls and the same responses without GraphQL. The name of an operation selects a
 * handler.
 */

interface Request {
  readonly operationName: string;
  readonly variables: {
    readonly id: string;
    readonly representations: readonly { readonly id: string }[];
    readonly input: CreatePayoutInput;
  } & PayoutsArguments;
}

const operations: Readonly<Record<string, (variables: Request['variables']) => Promise<object>>> = {
  async OnePayout({ id }) {
    return { payout: detailFields(await readPayout(id)) };
  },
  async PayoutPage(args) {
    const { nodes, pageInfo } = await readPayouts(args);
    return { payouts: { nodes: nodes.map(listFields), pageInfo } };
  },
  async PayoutDetails(args) {
    const { nodes } = await readPayouts(args);
    const [intents, histories] = [cached(readIntent), cached(readHistory)];
    const detailed = nodes.map(async ({ id, intentId }) => ({
      id,
      intent: await intents(intentId),
      history: await histories(intentId),
    }));
    return { payouts: { nodes: await Promise.all(detailed) } };
  },
  async PayoutEntities({ representations }) {
    const entities = representations.map(async representation => {
      const { id, amount, status } = await readPayout(representation.id);
      return { id, amount, status };
    });
    return { _entities: await Promise.all(entities) };
  },
  async CreatePayout({ input }) {
    return { createPayout: await createPayout(input) };
  },
};

function detailFields(payout: Payout): object {
  const { id, intentId, amount, description, status, leanStatus, postInitiationStatus } = payout;
  const { recipient, submittedAt, bankTransactionReference } = payout;
  return {
    id,
    intentId,
    amount,
    description,
    status,
    leanStatus,
    postInitiationStatus,
    recipient,
    submittedAt,
    bankTransactionReference,
  };
}

function listFields(payout: Payout): object {
  const { id, intentId, amount, description, status, recipient, bankTransactionReference, createdAt } =
    payout;
  return { id, intentId, amount, description, status, recipient, bankTransactionReference, createdAt };
}

/** Wraps a read so that it runs once for each key. */
function cached<Value>(read: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const values = new Map<string, Promise<Value>>();
  return key => {
    const value = values.get(key) ?? read(key);
    values.set(key, value);
    return value;
  };
}

async function handle(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { operationName, variables } = JSON.parse(Buffer.concat(chunks).toString()) as Request;
  const data = await operations[operationName]?.(variables);
  return JSON.stringify({ data });
}

createServer((request, response) => {
  handle(request).then(
    body => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(0, '127.0.0.1');
