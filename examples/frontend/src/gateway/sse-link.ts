import { ApolloLink, Observable } from '@apollo/client';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { print } from 'graphql';

/** The gateway sends a comment at least every 12 seconds. After this time without a byte the connection is dead. */
const silenceMs = 30_000;

/**
 * Runs a subscription over one connection of server-sent events. It fails if the connection ends without `complete`,
 * as it does when the gateway stops for a deploy. It never connects again by itself, because the next connection needs
 * another cursor.
 *
 * `onOpen` in the operation's context is called once the gateway has accepted the subscription.
 */
export class SseLink extends ApolloLink {
  constructor(url: string) {
    super(
      operation =>
        new Observable(observer => {
          const abort = new AbortController();
          receive(url, operation, abort, result => observer.next(result))
            .then(
              () => observer.complete(),
              (error: unknown) => observer.error(error),
            )
            .finally(() => abort.abort());
          return () => abort.abort();
        }),
    );
  }
}

async function receive(
  url: string,
  operation: ApolloLink.Operation,
  abort: AbortController,
  onResult: (result: ApolloLink.Result) => void,
): Promise<void> {
  const { headers, http, onOpen } = operation.getContext();
  const { operationName, variables, extensions, query } = operation;
  const restartTimer = abortOnSilence(abort);
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      operationName,
      variables,
      extensions,
      // The link for persisted documents sets `includeQuery` to false as long as the hash is enough.
      ...(http?.includeQuery !== false && { query: print(query) }),
    }),
    signal: abort.signal,
  });
  // A subscription that is refused gets a usual GraphQL response.
  if (response.headers.get('content-type')?.includes('json')) return onResult(await response.json());
  if (!response.ok || response.body === null) throw new Error(`The gateway answered ${response.status}.`);
  onOpen?.();
  const events = response.body
    .pipeThrough(tap(restartTimer))
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  for (;;) {
    const { done, value } = await events.read();
    if (done) throw new Error('The connection ended.');
    if (value.event === 'complete') return;
    onResult(JSON.parse(value.data));
  }
}

/** Aborts unless the returned function is called again and again. */
function abortOnSilence(abort: AbortController): () => void {
  let timer = 0;
  const restart = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => abort.abort(new Error('The connection is silent.')), silenceMs);
  };
  abort.signal.addEventListener('abort', () => clearTimeout(timer));
  restart();
  return restart;
}

/** Passes bytes on, and calls a function for each piece. */
function tap(onChunk: () => void): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(chunk, controller) {
      onChunk();
      controller.enqueue(chunk);
    },
  });
}
