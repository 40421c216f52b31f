import { controlRoutes } from './routes.ts';

/** The response of a control route. */
export interface ControlResponse {
  readonly status: number;
  readonly body: object;
}

export function ok(body: object): ControlResponse {
  return { status: 200, body };
}

export function unknownPayout(id: string): ControlResponse {
  return { status: 404, body: { error: `no payout has the id ${id}` } };
}

/** @param route a method and a path, such as `GET /sandbox/nothing` */
export function unknownRoute(route: string): ControlResponse {
  return { status: 404, body: { error: `no control route ${route}`, routes: controlRoutes } };
}

export function badRequest(error: string): ControlResponse {
  return { status: 400, body: { error } };
}

/** Parses the body of a control request. Undefined if it is not JSON, which every route that reads a body refuses. */
export function parseControlBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
