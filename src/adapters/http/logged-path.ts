const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Words of routes have few digits, if any; account numbers have many. */
const word = /^\.?[a-z_-]{0,40}(?:\.[a-z]{1,10})?\d{0,2}$/i;

/** More than any route has. */
const mostSegments = 12;

/** A path as it may be logged: what is neither a word nor a UUID may be an account number, and is left out. */
export function loggedPathOf(path: string): string {
  return path
    .split('/', mostSegments)
    .map(segment => (word.test(segment) || uuid.test(segment) ? segment : '…'))
    .join('/');
}
