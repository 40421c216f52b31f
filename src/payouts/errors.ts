/** What a caller asked for cannot be: names the argument, and says what was wrong and what is accepted. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly code = 'BAD_USER_INPUT';
  /** Path of the argument, such as `filter.amount.min`. */
  readonly argument: string;

  constructor(argument: string, problem: string) {
    super(`${argument}: ${problem}`);
    this.argument = argument;
  }
}
