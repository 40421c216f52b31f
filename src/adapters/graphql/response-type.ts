/**
 * The media type of a plain answer (one result, no stream) to a request that accepts these, with its charset; undefined
 * where they have none of GraphQL over HTTP's in them. Of several the one that is named first is taken, as Yoga does.
 * @see https://github.com/graphql/graphql-over-http/blob/main/spec/GraphQLOverHTTP.md#media-types
 */
export function responseType(accept = '*/*'): string | undefined {
  // What most clients send.
  if (accept === '*/*' || accept === 'application/json') return 'application/json; charset=utf-8';
  for (const accepted of accept.replace(/\s/g, '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = accepted.split(';');
    const charset = parameters.find(parameter => parameter.includes('charset='));
    if (charset !== undefined && charset !== 'charset=utf-8') continue;
    if (type === 'application/graphql-response+json') return `${type}; charset=utf-8`;
    if (/^(?:application|\*)\/(?:json|\*)$/.test(type)) return 'application/json; charset=utf-8';
  }
  return undefined;
}

/** Whether the accept header names a type that GraphQL is answered in: one result, or a stream of events. */
export function isAnswerable(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  return responseType(accept) !== undefined || /(?:^|,)\s*text\/event-stream\b/i.test(accept);
}
