import type { ExecutionResult } from 'graphql';
import type { FetchAPI, Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { formatResult } from './format-result.ts';
import type { RequestContext } from './request-context.ts';

/** How often something is sent on an idle connection, so that nothing on the way takes it for dead, in ms. */
export const pingMs = 12_000;

/**
 * Sends the results of a subscription as server-sent events, each with its cursor as the id, which a browser sends back
 * as `Last-Event-ID` when it connects again. One result at a time is made: when the reader is slow, it waits.
 * @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode
 */
export function useEventStream(log: Logger): Plugin<RequestContext> {
  return {
    onRequestParse({ request, serverContext }) {
      const id = request.headers.get('last-event-id');
      if (id !== null && id !== '') (serverContext as RequestContext).lastEventId = id;
    },
    onResultProcess({ result, acceptableMediaTypes, setResultProcessor, serverContext }) {
      if (Array.isArray(result) || !(Symbol.asyncIterator in result)) return;
      if (!acceptableMediaTypes.includes('text/event-stream')) return;
      setResultProcessor(streaming(serverContext as RequestContext, log), 'text/event-stream');
    },
  };
}

function streaming(context: RequestContext, log: Logger) {
  return (result: unknown, fetchAPI: FetchAPI): Response => {
    const results = (result as AsyncIterable<ExecutionResult>)[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    let ping: NodeJS.Timeout | undefined;
    const stream = new fetchAPI.ReadableStream<Uint8Array>({
      start(controller) {
        // Sent at once, so that the reader knows that it is connected.
        controller.enqueue(encoder.encode(':\n\n'));
        ping = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
        }, pingMs).unref();
      },
      async pull(controller) {
        const { done, value } = await results.next();
        if (done === true) {
          clearInterval(ping);
          controller.enqueue(encoder.encode('event: complete\ndata:\n\n'));
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
      // Proxies are not to collect what is meant to arrive at once.
      'x-accel-buffering': 'no',
    };
    return new fetchAPI.Response(stream, { headers });
  };
}
