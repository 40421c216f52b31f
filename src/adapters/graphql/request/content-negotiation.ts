/**
 * The media types in which this gateway responds. The first one is preferred where a range such as `application/*`
 * accepts several.
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/GraphQLOverHTTP.md#media-types
 */
const offeredTypes = [
  'application/json',
  'application/graphql-response+json',
  'text/event-stream',
  'multipart/mixed',
] as const;

export type OfferedType = (typeof offeredTypes)[number];

/** One entry of an Accept header. */
interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  /** Whether it has `q=0`, which means "not accepted". */
  readonly isRefused: boolean;
}

/**
 * The offered media types that an Accept header accepts, in the order of the header. It ignores weights other than
 * `q=0`, as Yoga does. A missing or empty header accepts every type.
 */
export function acceptedTypes(accept: string | undefined): readonly OfferedType[] {
  // Most clients send one of these.
  if (accept === undefined || accept === '' || accept === '*/*') return offeredTypes;
  if (accept === 'application/json') return ['application/json'];
  const ranges = parseAccept(accept);
  const ranks = new Map(offeredTypes.map(offered => [offered, rankOf(offered, ranges)]));
  return offeredTypes
    .filter(offered => ranks.get(offered) !== undefined)
    .sort((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0));
}

/** The content-type of a response with one result; undefined if only streams are accepted. */
export function resultContentType(accepted: readonly OfferedType[]): string | undefined {
  const type = accepted.find(each => each.startsWith('application/'));
  return type === undefined ? undefined : `${type}; charset=utf-8`;
}

/** Whether an Accept header refuses some type with `q=0`. */
export function refusesSomeType(accept: string | undefined): boolean {
  // Most headers have no parameters at all.
  return accept?.includes(';') === true && parseAccept(accept).some(({ isRefused }) => isRefused);
}

/** The media ranges of an Accept header. A range with a charset other than UTF-8 is left out, as in Yoga. */
function parseAccept(accept: string): readonly MediaRange[] {
  return accept
    .replace(/\s/g, '')
    .toLowerCase()
    .split(',')
    .flatMap(entry => {
      const [range = '', ...parameters] = entry.split(';');
      const charset = parameters.find(parameter => parameter.includes('charset='));
      if (charset !== undefined && charset !== 'charset=utf-8') return [];
      const [type = '', subtype = ''] = range.split('/');
      return { type, subtype, isRefused: parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter)) };
    });
}

/**
 * The position of the first range that accepts the type; undefined if the header does not accept it. The most
 * specific range decides whether it is accepted.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
function rankOf(offered: OfferedType, ranges: readonly MediaRange[]): number | undefined {
  const matching = ranges.filter(range => matches(range, offered));
  const [mostSpecific] = matching.toSorted((a, b) => wildcards(a) - wildcards(b));
  if (mostSpecific === undefined || mostSpecific.isRefused) return undefined;
  return ranges.findIndex(range => matching.includes(range) && !range.isRefused);
}

function matches({ type, subtype }: MediaRange, offered: OfferedType): boolean {
  const [offeredType, offeredSubtype] = offered.split('/');
  return (type === '*' || type === offeredType) && (subtype === '*' || subtype === offeredSubtype);
}

function wildcards({ type, subtype }: MediaRange): number {
  return (type === '*' ? 1 : 0) + (subtype === '*' ? 1 : 0);
}
