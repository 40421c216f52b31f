/**
 * The JSON that Lean may send. Lean's documents contradict each other and what its servers send, so every field may be
 * missing or null, even if a document requires it. `payouts/from-lean.ts` reads these types.
 *
 * The field names are Lean's. Where its three documents (UAE V2, UAE V1, KSA) and its recorded answers have different
 * names for the same field, all of them are here.
 *
 * @see https://docs.leantech.me/v2.0-UAE/reference/createpayout
 */

type Maybe<T> = T | null | undefined;

/** A number as `parseLeanJson` reads it: a text, or a number that `String` prints with the digits that Lean sent. */
export type LeanDigits = string | number;

export interface LeanParty {
  readonly account_number?: Maybe<LeanDigits>;
  readonly iban?: Maybe<string>;
  readonly name?: Maybe<string>;
}

/** A row of the list. In the documents of V1 and KSA, rows lack `updated_at` and all fields after it. */
export interface LeanPayoutRow {
  readonly payment_id?: Maybe<string>;
  readonly payment_intent_id?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly amount?: Maybe<LeanDigits>;
  readonly currency?: Maybe<string>;
  readonly description?: Maybe<string>;
  readonly recipient_name?: Maybe<string>;
  /** Despite its name a bank identifier, such as `LEAN_SME_MB1_UAE`. */
  readonly recipient_bank_name?: Maybe<string>;
  readonly recipient_iban?: Maybe<string>;
  readonly created_at?: Maybe<string>;
  readonly auto_authorized?: Maybe<boolean>;
  readonly updated_at?: Maybe<string>;
  readonly pending_manual_authorization?: Maybe<boolean>;
  readonly post_initiation_status?: Maybe<string>;
  readonly bank_transaction_reference?: Maybe<string>;
}

export interface LeanPageNumbers {
  readonly number?: Maybe<LeanDigits>;
  readonly size?: Maybe<LeanDigits>;
  readonly total_elements?: Maybe<LeanDigits>;
  readonly total_pages?: Maybe<LeanDigits>;
}

/** A page of the list. The page numbers are in `page` as recorded, or next to `content` as documented. */
export interface LeanPayoutPage extends LeanPageNumbers {
  readonly content?: Maybe<readonly LeanPayoutRow[]>;
  readonly page?: Maybe<LeanPageNumbers>;
  /** Only in the documents. */
  readonly pageable?: Maybe<{ readonly page_number?: Maybe<LeanDigits> }>;
}

/** One payout with all its fields; also the `payment` of an intent. */
export interface LeanPayment {
  readonly id?: Maybe<string>;
  readonly payment_id?: Maybe<string>;
  readonly payment_intent_id?: Maybe<string>;
  readonly payment_source_id?: Maybe<string>;
  readonly sender_details?: Maybe<LeanParty>;
  readonly recipient_details?: Maybe<LeanParty>;
  readonly amount?: Maybe<LeanDigits>;
  readonly currency?: Maybe<string>;
  readonly description?: Maybe<string>;
  readonly submission_timestamp?: Maybe<string>;
  readonly initiation_timestamp?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly post_initiation_status?: Maybe<string>;
  readonly bank_transaction_reference?: Maybe<string>;
  readonly granular_status_code?: Maybe<string>;
  readonly status_additional_details?: Maybe<string>;
}

export interface LeanDestination {
  readonly id?: Maybe<string>;
  readonly destination_id?: Maybe<string>;
  readonly status?: Maybe<string>;
  /** Documented as the texts `'true'` and `'false'`. */
  readonly default?: Maybe<boolean | string>;
  readonly name?: Maybe<string>;
  readonly display_name?: Maybe<string>;
  /** Another name of `display_name`, which some Lean applications send. */
  readonly short_name?: Maybe<string>;
  readonly iban?: Maybe<string>;
  readonly account_number?: Maybe<LeanDigits>;
  readonly swift_code?: Maybe<string>;
  readonly bank_identifier?: Maybe<string>;
  readonly address?: Maybe<string>;
  readonly city?: Maybe<string>;
  readonly country?: Maybe<string>;
  readonly customer_id?: Maybe<string>;
  readonly owner_type?: Maybe<string>;
}

export interface LeanPayoutIntent {
  readonly payment_intent_id?: Maybe<string>;
  readonly id?: Maybe<string>;
  readonly customer_id?: Maybe<string>;
  readonly amount?: Maybe<LeanDigits>;
  readonly currency?: Maybe<string>;
  readonly description?: Maybe<string>;
  readonly external_reference?: Maybe<string>;
  /** Null or missing until a payment has been initiated. */
  readonly payment?: Maybe<LeanPayment>;
  readonly payment_destination?: Maybe<LeanDestination>;
}

export interface LeanHistoryEvent {
  readonly payment_id?: Maybe<string>;
  readonly event?: Maybe<string>;
  readonly status?: Maybe<string>;
  readonly post_initiation_status?: Maybe<string>;
  readonly published_at?: Maybe<string>;
}

export interface LeanHistoryEntry {
  readonly payment_id?: Maybe<string>;
  readonly events?: Maybe<readonly LeanHistoryEvent[]>;
  /** Only in V1 and KSA. */
  readonly initiation_timestamp?: Maybe<string>;
}

/** In V2 `content` has the payments of an intent; in V1 and KSA `payments` has one payment. */
export interface LeanHistory {
  readonly content?: Maybe<readonly LeanHistoryEntry[]>;
  readonly payments?: Maybe<readonly LeanHistoryEntry[]>;
  /** Only in V1 and KSA. */
  readonly intent_id?: Maybe<string>;
  /** Only in V1 and KSA. */
  readonly customer_id?: Maybe<string>;
}

/** One transfer in the answer to a creation of payouts. */
export interface LeanCreatedTransfer {
  readonly destination_id?: Maybe<string>;
  readonly amount?: Maybe<LeanDigits>;
  readonly currency?: Maybe<string>;
  readonly payment_status?: Maybe<string>;
  readonly error_message?: Maybe<string>;
  readonly recipient_details?: Maybe<LeanParty>;
  /** V1's spelling. */
  readonly recepient_details?: Maybe<LeanParty>;
}

export interface LeanCreatedPayout {
  readonly payment_intent_id?: Maybe<string>;
  readonly payment_id?: Maybe<string>;
  readonly initiate_payment_task_id?: Maybe<string>;
  readonly account_number?: Maybe<LeanDigits>;
  readonly iban?: Maybe<string>;
  readonly bank_identifier?: Maybe<string>;
  /** An object in recorded answers and in KSA; an array in the UAE documents. */
  readonly destination_details?: Maybe<LeanCreatedTransfer | readonly LeanCreatedTransfer[]>;
}

export interface LeanCreated {
  readonly end_user_id?: Maybe<string>;
  readonly payouts_payment_details?: Maybe<readonly LeanCreatedPayout[]>;
}

/** Lean's error body. The code is in `status`, `code`, or the OAuth 2.0 field `error` (RFC 6749, 5.2). */
export interface LeanErrorBody {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly error?: unknown;
  readonly message?: unknown;
  readonly data?: unknown;
}

/** `GET /events/v1` */
export interface LeanEventPage {
  readonly data?: unknown;
  readonly page?: { readonly total_elements?: unknown } | null;
}
