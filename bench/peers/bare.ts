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

/** The floor: the same Lean calls and the same answers by hand, without GraphQL. Operations are told by their names. */

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
    return { payout: inFull(await readPayout(id)) };
  },
  async PayoutPage(args) {
    const { nodes, pageInfo } = await readPayouts(args);
    return { payouts: { nodes: nodes.map(listed), pageInfo } };
  },
  async PayoutDetails(args) {
    const { nodes } = await readPayouts(args);
    const [intents, histories] = [keptOf(readIntent), keptOf(readHistory)];
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

function inFull(payout: Payout): object {
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

function listed(payout: Payout): object {
  const { id, intentId, amount, description, status, recipient, bankTransactionReference, createdAt } =
    payout;
  return { id, intentId, amount, description, status, recipient, bankTransactionReference, createdAt };
}

/** What is read once for each key. */
function keptOf<Value>(read: (key: string) => Promise<Value>): (key: string) => Promise<Value> {
  const kept = new Map<string, Promise<Value>>();
  return key => {
    const value = kept.get(key) ?? read(key);
    kept.set(key, value);
    return value;
  };
}

async function answer(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { operationName, variables } = JSON.parse(Buffer.concat(chunks).toString()) as Request;
  const data = await operations[operationName]?.(variables);
  return JSON.stringify({ data });
}

createServer((request, response) => {
  answer(request).then(
    body => response.writeHead(200, { 'content-type': 'application/json' }).end(body),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(0, '127.0.0.1');
