import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Processing } from '../processing.ts';
import type { Sandbox } from '../sandbox-handle.ts';
import type { ResponseFault } from './faults.ts';
import { type ReceivedRequest, recordRequest } from './received-request.ts';
import { handleRequest, type RequestHandler } from './request-handler.ts';
import type { ResponseWriter } from './response-writer.ts';
import { type LeanResponse, pause } from './response.ts';
import { type Route, routeOf } from './routes.ts';

/** The path, query and body of a request. */
type RequestContent = Pick<ReceivedRequest, 'path' | 'query' | 'body'>;

/** The settings that a test may change between requests. */
type SandboxSettings = Pick<Sandbox, 'requests' | 'faults' | 'behaviour' | 'latencyMs'>;

interface Dependencies {
  readonly handler: RequestHandler;
  readonly responseWriter: ResponseWriter;
  readonly processing: Processing;
  /** The machine's clock in epoch ms. */
  readonly clock: () => number;
}

const emptyResponse: LeanResponse = { status: 200, body: '' };

/** Responds to Lean requests, with the latency, faults and behaviour that the sandbox has when a request arrives. */
export class Responder {
  readonly #sandbox: SandboxSettings;
  readonly #dependencies: Dependencies;

  constructor(sandbox: SandboxSettings, dependencies: Dependencies) {
    this.#sandbox = sandbox;
    this.#dependencies = dependencies;
  }

  /** Responds to a request whose body has been read. */
  respond(request: IncomingMessage, response: ServerResponse, content: RequestContent): void {
    const { requests, faults, latencyMs } = this.#sandbox;
    this.#dependencies.processing.runDue();
    const route = routeOf(request.method ?? '', content.path);
    recordRequest(requests, request, { operation: route.operation, ...content });
    const { delayMs, fault } = faults.takeFor(route.operation);
    if (fault?.kind === 'drop_before') {
      response.destroy();
      return;
    }
    const replacesWork = (fault?.kind === 'status' || fault?.kind === 'html') && fault.after !== true;
    const ownResponse = replacesWork ? emptyResponse : this.#leanResponse(request, route, content);
    const waitMs = latencyMs + delayMs;
    if (!(ownResponse instanceof Promise)) {
      this.#send(response, ownResponse, fault, waitMs);
      return;
    }
    void ownResponse.then(processed => {
      if (processed === undefined) response.destroy();
      else this.#send(response, processed, fault, waitMs);
    });
  }

  /**
   * Lean's response without faults. The response to a creation may come after `processingMs`. It is undefined if the
   * sandbox was reset or stopped before that.
   */
  #leanResponse(
    request: IncomingMessage,
    route: Route,
    content: RequestContent,
  ): LeanResponse | Promise<LeanResponse | undefined> {
    const { handler, processing, clock } = this.#dependencies;
    const { behaviour } = this.#sandbox;
    const handleAt = (ms: number) =>
      handleRequest(handler, request, route, content, ms + behaviour.clockOffsetMs);
    if (route.operation !== 'createPayoutPayment') return handleAt(clock());
    const { edge, processingMs } = behaviour;
    const handleCreation = (ms: number) => {
      if (edge === 'repeats') handleAt(ms);
      return handleAt(ms);
    };
    return processingMs === 0 ? handleCreation(clock()) : processing.runAfter(processingMs, handleCreation);
  }

  #send(
    response: ServerResponse,
    ownResponse: LeanResponse,
    fault: ResponseFault | undefined,
    waitMs: number,
  ): void {
    const { responseWriter } = this.#dependencies;
    const { ready } = ownResponse;
    const sent = (fault && responseWriter.faultResponse(fault)) ?? ownResponse;
    if (waitMs === 0 && ready === undefined) {
      responseWriter.send(response, sent, fault);
      return;
    }
    void Promise.all([ready, waitMs === 0 ? undefined : pause(waitMs)]).then(() => {
      responseWriter.send(response, sent, fault);
    });
  }
}
