import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as operations from './operations.ts';

/** Ids for GraphiQL's ready-made operations; those of the sandbox work there as they are. */
export interface ExampleIds {
  readonly payoutId: string;
  readonly accountId: string;
  readonly destinationId: string;
  readonly currency: string;
}

/** Placeholders in GraphiQL's ready-made operations, for a gateway without a sandbox to take ids from. */
const placeholders: ExampleIds = {
  payoutId: 'the id of a payout',
  accountId: 'the id of your source account',
  destinationId: 'the id of a destination',
  currency: 'AED',
};

/** GraphiQL's page: one document with all of its files in it. */
export interface GraphiqlPage {
  readonly headers: Readonly<Record<string, string>>;
  /** Compressed with gzip; compressing it takes a while and is done when it is first wanted. */
  gzipped(): Promise<Buffer>;
}

/**
 * What the page may do: run its own inline scripts and its workers (made of blobs), show its inline pictures and
 * fonts, and talk to the gateway it came from. Nothing from or to any other host.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'font-src data:',
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function graphiqlPage(examples: ExampleIds = placeholders): GraphiqlPage {
  let compressed: Promise<Buffer> | undefined;
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      vary: 'accept, accept-encoding',
    },
    gzipped: () => (compressed ??= render(examples).then(promisify(gzip))),
  };
}

async function render({ payoutId, accountId, destinationId, currency }: ExampleIds): Promise<string> {
  // All of GraphiQL is in it, some 50 MiB: only where somebody opens it.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const tab = (query: string, variables?: object) => ({
    query: dedent(query),
    ...(variables !== undefined && { variables: JSON.stringify(variables, null, 2) }),
  });
  const list = tab(operations.listPayouts, { first: 10 });
  const page = renderGraphiQL({
    title: 'Lean Payouts Gateway',
    // The editor of the tab that is open first takes its variables from here, not from its tab.
    ...('variables' in list && { variables: list.variables }),
    defaultTabs: [
      list,
      tab(operations.payoutInFull, { id: payoutId }),
      tab(operations.createPayout, {
        input: {
          idempotencyKey: 'my-first-payout',
          accountId,
          destinationId,
          amount: { amount: '16.50', currency },
          description: 'INV 001',
          authorize: true,
        },
      }),
      tab(operations.followPayouts),
      tab(operations.followNewestPayout),
    ],
  });
  return page.replace('</head>', () => `${steadyTabs}</head>`);
}

/**
 * GraphiQL moves a tab aside as soon as the mouse is pressed on it (a leftover of its first animation, which it hides
 * from tabs without focus alone), so that the first click on each tab would miss it.
 */
const steadyTabs = '<style>.graphiql-tab{transform:none!important}</style>';

function dedent(text: string): string {
  return text.replace(/^ {2}/gm, '').trim();
}
