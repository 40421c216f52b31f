/** Whether two JSON values, as `JSON.parse` returns them, are equal. The order of members does not matter. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const members = Object.entries(a);
  const others = b as Readonly<Record<string, unknown>>;
  return (
    members.length === Object.keys(b).length &&
    members.every(([name, value]) => Object.hasOwn(others, name) && isSameJson(value, others[name]))
  );
}
