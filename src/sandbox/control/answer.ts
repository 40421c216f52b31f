import { controlRoutes } from './routes.ts';

/** The answer of a control route. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

export function done(body: object): ControlAnswer {
  return { status: 200, body };
}

export function unknownPayout(id: string): ControlAnswer {
  return { status: 404, body: { error: `no payout has the id ${id}` } };
}

export function unknownRoute(command: string): ControlAnswer {
  return { status: 404, body: { error: `no control route ${command}`, routes: controlRoutes } };
}

export function wrong(error: string): ControlAnswer {
  return { status: 400, body: { error } };
}

/** Reads the body of a control request; undefined when it is not JSON, which no route takes for an answer. */
export function parseControlBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
