/** A check of one JSON field. */
export interface FieldCheck {
  /** The accepted values in words, such as `a number from 0 to 1`. */
  readonly accepted: string;
  readonly accepts: (value: unknown) => boolean;
}

export function wholeNumber(min: number, max = Infinity): FieldCheck {
  return {
    accepted:
      max === Infinity ? `a whole number from ${String(min)} on` : `a whole number ${range(min, max)}`,
    accepts: value => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  };
}

export function number(min: number, max: number): FieldCheck {
  return {
    accepted: `a number ${range(min, max)}`,
    accepts: value => typeof value === 'number' && value >= min && value <= max,
  };
}

export function oneOf<Choice extends string>(...choices: readonly Choice[]): FieldCheck {
  return {
    accepted: `one of ${choices.join(', ')}`,
    accepts: value => choices.some(choice => choice === value),
  };
}

export const boolean: FieldCheck = {
  accepted: 'true or false',
  accepts: value => typeof value === 'boolean',
};

export const nonEmptyString: FieldCheck = {
  accepted: 'a non-empty string',
  accepts: value => typeof value === 'string' && value !== '',
};

function range(min: number, max: number): string {
  return `from ${String(min)} to ${String(max)}`;
}
