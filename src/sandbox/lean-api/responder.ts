import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, pause } from './answer.ts';
import type { Delivery } from '../webhooks/delivery.ts';
import type { ResponseFault } from './faults.ts';
import { answerRequest, type RequestHandler } from './request-handler.ts';
import type { Processing } from '../processing.ts';
import { type ReceivedRequest, record } from './received-request.ts';
import { type Route, routeOf } from './routes.ts';
import type { Sandbox } from '../sandbox-handle.ts';

/** The parts of a request that say what it asks for. */
type Target = Pick<ReceivedRequest, 'path' | 'query' | 'body'>;

/** The switches that a test may change while requests come. */
type Switches = Pick<Sandbox, 'requests' | 'faults' | 'behaviour' | 'latencyMs'>;

interface Surroundings {
  readonly desk: RequestHandler;
  readonly delivery: Delivery;
  readonly processing: Processing;
  /** The machine's clock. */
  readonly clock: () => number;
}

const nothing: Answer = { status: 200, body: '' };

/** Answers Lean requests in their time, with the faults and the behaviour that the sandbox has when they come. */
export class Responder {
  readonly #sandbox: Switches;
  readonly #surroundings: Surroundings;

  constructor(sandbox: Switches, surroundings: Surroundings) {
    this.#sandbox = sandbox;
    this.#surroundings = surroundings;
  }

  /** Answers a request whose body is read. */
  respond(request: IncomingMessage, response: ServerResponse, target: Target): void {
    const { requests, faults, latencyMs } = this.#sandbox;
    this.#surroundings.processing.catchUp();
    const route = routeOf(request.method ?? '', target.path);
    record(requests, request, { operation: route.operation, ...target });
    const { delayMs, spoiling } = faults.strike(route.operation);
    if (spoiling?.kind === 'drop_before') {
      response.destroy();
      return;
    }
    const before = (spoiling?.kind === 'status' || spoiling?.kind === 'html') && spoiling.after !== true;
    const answer = before ? nothing : this.#answer(request, route, target);
    const waitMs = latencyMs + delayMs;
    if (!(answer instanceof Promise)) {
      this.#give(response, answer, spoiling, waitMs);
      return;
    }
    void answer.then(processed => {
      if (processed === undefined) response.destroy();
      else this.#give(response, processed, spoiling, waitMs);
    });
  }

  /** Lean's own answer. That of a creation may take its time, and undefined says that it never comes. */
  #answer(request: IncomingMessage, route: Route, target: Target): Answer | Promise<Answer | undefined> {
    const { desk, processing, clock } = this.#surroundings;
    const { behaviour } = this.#sandbox;
    const answerAt = (ms: number) =>
      answerRequest(desk, request, route, target, ms + behaviour.clockOffsetMs);
    if (route.operation !== 'createPayoutPayment') return answerAt(clock());
    const { edge, processingMs } = behaviour;
    const answerLast = (ms: number) => {
      if (edge === 'repeats') answerAt(ms);
      return answerAt(ms);
    };
    return processingMs === 0 ? answerLast(clock()) : processing.after(processingMs, answerLast);
  }

  #give(response: ServerResponse, own: Answer, spoiling: ResponseFault | undefined, waitMs: number): void {
    const { delivery } = this.#surroundings;
    const answer = (spoiling && delivery.substitute(spoiling)) ?? own;
    if (waitMs === 0 && own.ready === undefined) {
      delivery.send(response, answer, spoiling);
      return;
    }
    void Promise.all([own.ready, waitMs === 0 ? undefined : pause(waitMs)]).then(() => {
      delivery.send(response, answer, spoiling);
    });
  }
}
