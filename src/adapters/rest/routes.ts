import { restPathOf, type Operation } from '../../lean/operations.ts';

/** The route of a request, found from its method and path. */
export type RestRoute =
  | {
      readonly kind: 'operation';
      readonly operation: Operation;
      readonly path: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'method not allowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'not found' };

interface RouteTemplate {
  readonly operation: Operation;
  readonly segments: readonly string[];
}

/** The REST routes of the operations. If several match a path, the one with the fewest path parameters wins. */
export class RestRoutes {
  readonly #templates: readonly RouteTemplate[];

  constructor(operations: readonly Operation[]) {
    this.#templates = operations
      .map(operation => ({ operation, segments: restPathOf(operation).split('/') }))
      .toSorted((a, b) => parameterCount(a) - parameterCount(b));
  }

  routeOf(method: string, path: string): RestRoute {
    const segments = path.split('/');
    const matching = this.#templates.filter(template => matches(template, segments));
    const [first] = matching;
    if (first === undefined) return { kind: 'not found' };
    const mostSpecific = matching.filter(template => parameterCount(template) === parameterCount(first));
    const match = mostSpecific.find(({ operation }) => operation.method === method);
    if (match === undefined)
      return { kind: 'method not allowed', allowed: mostSpecific.map(({ operation }) => operation.method) };
    const values: Record<string, string> = {};
    for (const [index, segment] of match.segments.entries()) {
      const name = parameterName(segment);
      if (name === undefined) continue;
      const value = decodeSegment(segments[index] ?? '');
      if (value === undefined) return { kind: 'malformed' };
      values[name] = value;
    }
    return { kind: 'operation', operation: match.operation, path: values };
  }
}

function matches({ segments: template }: RouteTemplate, segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((segment, index) =>
      parameterName(segment) === undefined ? segment === segments[index] : segments[index] !== '',
    )
  );
}

function parameterCount({ segments }: RouteTemplate): number {
  return segments.filter(segment => parameterName(segment) !== undefined).length;
}

function parameterName(segment: string): string | undefined {
  return /^\{(\w+)\}$/.exec(segment)?.[1];
}

/** Undefined if the percent-encoding is malformed. */
function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
