import { restPathOf, type Operation } from '../../lean/operations.ts';

/** What a request is about, by its method and path alone. */
export type RestRoute =
  | {
      readonly kind: 'operation';
      readonly operation: Operation;
      readonly path: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'other method'; readonly allowed: readonly string[] }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'nothing' };

interface Template {
  readonly operation: Operation;
  readonly segments: readonly string[];
}

/** The routes of operations, read off their table. Of several that fit, the one with the most literal path is meant. */
export class RestRoutes {
  readonly #templates: readonly Template[];

  constructor(operations: readonly Operation[]) {
    this.#templates = operations
      .map(operation => ({ operation, segments: restPathOf(operation).split('/') }))
      .toSorted((a, b) => parametersIn(a) - parametersIn(b));
  }

  routeOf(method: string, path: string): RestRoute {
    const segments = path.split('/');
    const fitting = this.#templates.filter(template => fits(template, segments));
    const [first] = fitting;
    if (first === undefined) return { kind: 'nothing' };
    const ofPath = fitting.filter(template => parametersIn(template) === parametersIn(first));
    const meant = ofPath.find(({ operation }) => operation.method === method);
    if (meant === undefined)
      return { kind: 'other method', allowed: ofPath.map(({ operation }) => operation.method) };
    const values: Record<string, string> = {};
    for (const [index, segment] of meant.segments.entries()) {
      const name = parameterIn(segment);
      if (name === undefined) continue;
      const value = decoded(segments[index] ?? '');
      if (value === undefined) return { kind: 'malformed' };
      values[name] = value;
    }
    return { kind: 'operation', operation: meant.operation, path: values };
  }
}

function fits({ segments: template }: Template, segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((segment, index) =>
      parameterIn(segment) === undefined ? segment === segments[index] : segments[index] !== '',
    )
  );
}

function parametersIn({ segments }: Template): number {
  return segments.filter(segment => parameterIn(segment) !== undefined).length;
}

function parameterIn(segment: string): string | undefined {
  return /^\{(\w+)\}$/.exec(segment)?.[1];
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
