/** How deep arrays and objects may be nested. */
export const maxJsonDepth = 32;

/** How many members all arrays and objects may have together. A request for 100 payouts has less than a thousand. */
export const maxJsonMembers = 10_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opening: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const closing: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/**
 * Returns the reason why a JSON text must not be parsed; undefined if it may be. The reason completes a sentence whose
 * subject is the JSON. The check reads the text once and builds no value. It refuses JSON that would take too long to
 * process or overflow the stack.
 * @param maxMembers how many members all arrays and objects may have together
 */
export function jsonBoundsProblem(text: string, maxMembers = maxJsonMembers): string | undefined {
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
    if (members > maxMembers) return `holds more than ${String(maxMembers)} values`;
  }
  return undefined;
}

/** The index of the quote that closes the string opened at `start`; the length of the text if there is none. */
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
