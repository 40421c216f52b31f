/** Levels of arrays and objects within each other. */
export const maxJsonDepth = 32;

/** Members of arrays and objects in all: a request for 100 payouts has less than a thousand. */
export const maxJsonMembers = 10_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opening: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closing: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * What a JSON text holds too much of to be read; undefined when nothing. It is one pass over the text, and nothing is
 * made of it: so what would take long to walk through, or more stack than there is, is refused before anything does.
 */
export function beyondJsonBounds(text: string): string | undefined {
  let depth = 0;
  let members = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === quote) index = endOfString(text, index);
    else if (code === comma) members += 1;
    else if (opening.has(code)) {
      depth += 1;
      members += 1;
      if (depth > maxJsonDepth) return `is nested more than ${String(maxJsonDepth)} levels deep`;
    } else if (closing.has(code)) depth -= 1;
    if (members > maxJsonMembers) return `holds more than ${String(maxJsonMembers)} values`;
  }
  return undefined;
}

/** Where a string ends that begins at `start`; the end of the text where it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === backslash) backslashes += 1;
  return backslashes % 2 === 1;
}
