import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as operations from './operations.ts';

/**
 * Ids that the example operations in GraphiQL use as variables. With the sandbox's ids, the examples run unchanged.
 */
export interface ExampleIds {
  readonly payoutId: string;
  readonly accountId: string;
  readonly destinationId: string;
  readonly currency: string;
}

/** Placeholders for the ids, used when the gateway has no sandbox to take ids from. */
const placeholders: ExampleIds = {
  payoutId: 'the id of a payout',
  accountId: 'the id of your source account',
  destinationId: 'the id of a destination',
  currency: 'AED',
};

/** The GraphiQL page: one HTML document with all scripts, styles and fonts inlined. */
export interface GraphiqlPage {
  readonly headers: Readonly<Record<string, string>>;
  /** The gzipped page. It is rendered and compressed on the first call, and kept. */
  gzipped(): Promise<Buffer>;
}

/**
 * The page may run its inline scripts and its workers (which it makes from blobs), show its inline images and fonts,
 * and call the gateway that served it. It may not load from or send to any other host.
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

/** @param examples ids for the variables of the example operations */
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
    gzipped: () =>
      (compressed ??= render(examples)
        .then(promisify(gzip))
        .catch((error: unknown) => {
          // The next request renders again.
          compressed = undefined;
          throw error;
        })),
  };
}

async function render({ payoutId, accountId, destinationId, currency }: ExampleIds): Promise<string> {
  // Imported lazily, because this package holds all of GraphiQL and takes about 50 MiB of memory.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const tab = (query: string, variables?: object) => ({
    query: dedent(query),
    ...(variables !== undefined && { variables: JSON.stringify(variables, null, 2) }),
  });
  const list = tab(operations.listPayouts, { first: 10 });
  const page = renderGraphiQL({
    title: 'Lean Payouts Gateway',
    // GraphiQL takes the variables of the first open tab from this option, not from `defaultTabs`.
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
      tab(operations.newestPayout),
    ],
  });
  return page.replace('</head>', () => `${tabStyle}</head>`);
}

/**
 * Stops GraphiQL from moving a tab on mouse down, which makes the first click on each tab miss it. The movement is a
 * leftover of GraphiQL's tab animation.
 */
const tabStyle = '<style>.graphiql-tab{transform:none!important}</style>';

function dedent(text: string): string {
  return text.replace(/^ {2}/gm, '').trim();
}
