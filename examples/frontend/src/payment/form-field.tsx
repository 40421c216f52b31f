import { useId } from 'react';

interface Props {
  readonly label: string;
  readonly name: string;
  readonly defaultValue: string;
  readonly error: string | undefined;
  readonly hint?: string;
  readonly inputMode?: 'decimal';
  /** With options the field is a list to choose from. */
  readonly options?: readonly { readonly id: string; readonly name: string }[];
}

/** A field with its label, and with its hint and its error as its description. */
export function FormField({ label, error, hint, options, ...attributes }: Props) {
  const id = useId();
  const control = {
    ...attributes,
    id,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-hint ${id}-error`,
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {options === undefined ? (
        <input {...control} autoComplete="off" />
      ) : (
        <select {...control}>
          <option value="">Choose …</option>
          {options.map(option => (
            <option key={option.id} value={option.id}>
              {option.name}
            </option>
          ))}
        </select>
      )}
      <p id={`${id}-hint`} className="hint">
        {hint}
      </p>
      <p id={`${id}-error`} className="error">
        {error}
      </p>
    </div>
  );
}
