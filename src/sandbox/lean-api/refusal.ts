/** A request that Lean would refuse: the HTTP status, Lean's machine code and a sentence. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly httpStatus: number;
  readonly code: string;

  constructor(httpStatus: number, code: string, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.code = code;
  }
}

/** A parameter or a field that Lean would not accept. */
export function invalidParameters(message: string): Refusal {
  return new Refusal(400, 'INVALID_PARAMETERS', message);
}
