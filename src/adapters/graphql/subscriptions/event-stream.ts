import { GraphQLError, type ExecutionResult } from 'graphql';
import { processRegularResult, type FetchAPI, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { formatResult } from '../results/format-result.ts';
import type { RequestContext } from '../request-context.ts';

/** The interval of pings on an open connection, in ms. They keep proxies from closing an idle connection. */
export const pingMs = 12_000;

/**
 * Sends the results of a subscription as server-sent events. The id of each event is its cursor, which a browser
 * sends back as `Last-Event-ID` when it reconnects. The next result is produced only when the reader has room for it.
 * An operation that is refused before it starts gets a JSON response with an error status, not a stream.
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export function useEventStream(log: Logger): Plugin<RequestContext> {
  return {
    onRequestParse({ request, serverContext }) {
      const id = request.headers.get('last-event-id');
      if (id !== null && id !== '') (serverContext as RequestContext).lastEventId = id;
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const { acceptedTypes } = args.contextValue as RequestContext;
      if (acceptedTypes?.includes('text/event-stream') === false)
        setResultAndStopExecution({ errors: [notAStream()] });
    },
    onResultProcess({ result, setResultProcessor, serverContext }) {
      if (Array.isArray(result)) return;
      const context = serverContext as RequestContext;
      if (Symbol.asyncIterator in result)
        setResultProcessor(eventStreamProcessor(context, log), 'text/event-stream');
      else if (!('data' in result) && context.acceptedTypes?.[0]?.startsWith('application/') === false)
        setResultProcessor(processRegularResult, 'application/graphql-response+json');
    },
  };
}

function notAStream(): GraphQLError {
  return new GraphQLError(
    'A subscription needs the header accept: text/event-stream, or a WebSocket (graphql-transport-ws).',
    { extensions: { code: 'BAD_USER_INPUT', http: { status: 406 } } },
  );
}

/** Makes the function with which Yoga turns a stream of results into a response. */
function eventStreamProcessor(context: RequestContext, log: Logger) {
  return (result: unknown, fetchAPI: FetchAPI): Response => {
    const results = (result as AsyncIterable<ExecutionResult>)[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    let ping: NodeJS.Timeout | undefined;
    const stream = new fetchAPI.ReadableStream<Uint8Array>({
      start(controller) {
        // A comment line, sent at once, shows the client that it is connected.
        controller.enqueue(encoder.encode(':\n\n'));
        ping = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
        }, pingMs).unref();
      },
      async pull(controller) {
        const { done, value } = await results.next();
        if (done === true) {
          clearInterval(ping);
          // A client connects again only if the stream ends without `complete`.
          if (context.interrupted !== true) controller.enqueue(encoder.encode('event: complete\ndata:\n\n'));
          controller.close();
          return;
        }
        const id = context.deliveredCursor === undefined ? '' : `id: ${context.deliveredCursor}\n`;
        controller.enqueue(
          encoder.encode(
            `${id}event: next\ndata: ${JSON.stringify(formatResult(value, context.log ?? log))}\n\n`,
          ),
        );
      },
      async cancel() {
        clearInterval(ping);
        await results.return?.();
      },
    });
    const headers = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      // Tells proxies not to buffer the events.
      'x-accel-buffering': 'no',
    };
    return new fetchAPI.Response(stream, { headers });
  };
}
