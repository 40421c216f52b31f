/** Thrown for a request that Lean would refuse: the HTTP status, Lean's error code and a message. */
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

/** The refusal of an invalid parameter or field. */
export function invalidParameters(message: string): Refusal {
  return new Refusal(400, 'INVALID_PARAMETERS', message);
}
