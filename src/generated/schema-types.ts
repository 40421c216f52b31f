export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  /** The `ID` scalar type represents a unique identifier, often used to refetch an object or as key for a cache. The ID type appears in a JSON response as a String; however, it is not intended to be human-readable. When expected as an input type, any string (such as `"4"`) or integer (such as `4`) input value will be accepted as an ID. */
  ID: { input: string; output: string };
  /** The `String` scalar type represents textual data, represented as UTF-8 character sequences. The String type is most often used by GraphQL to represent free-form human-readable text. */
  String: { input: string; output: string };
  /** The `Boolean` scalar type represents `true` or `false`. */
  Boolean: { input: boolean; output: boolean };
  /** The `Int` scalar type represents non-fractional signed whole numeric values. Int can represent values between -(2^31) and 2^31 - 1. */
  Int: { input: number; output: number };
  Float: { input: number; output: number };
  /** An instant as RFC 3339 text in UTC, such as `"2026-03-01T08:30:00.123456Z"`, with the fraction of a second that Lean gave it, up to nanoseconds. Input may carry any offset (`"2026-03-01T12:30:00+04:00"`). */
  DateTime: { input: string; output: string };
  /** An exact decimal number. On the wire it is text, such as `"16.50"`, because JSON numbers lose digits in most programs. Input may also be a number literal (`16.50`), which is read digit by digit. */
  Decimal: { input: string | number; output: string };
  /** An ISO 4217 alphabetic currency code, such as `"AED"` or `"SAR"`. */
  PayoutCurrencyCode: { input: string; output: string };
  _Any: { input: unknown; output: unknown };
};

/** One payout to make. */
export type CreatePayoutInput = {
  /** The source account to take the money from, as the Payouts tab of Lean's dashboard names it. */
  readonly accountId: Scalars['ID']['input'];
  /** How much, and in which currency. */
  readonly amount: PayoutMoneyInput;
  /** Whether Lean is to authorise it at once, by the authoriser set up for that. Otherwise it waits for a person. */
  readonly authorize?: Scalars['Boolean']['input'];
  /** Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`. */
  readonly description: Scalars['String']['input'];
  /** The destination to pay: `PayoutDestination.id`. Pay it once its status is `ACTIVE`. */
  readonly destinationId: Scalars['ID']['input'];
  /** Your own id of it, found again on its intent: at most 64 characters with no blank at either end, such as `INV-2026-0001`. By default the idempotency key, with a digest of the caller where callers have tokens. */
  readonly externalReference?: InputMaybe<Scalars['String']['input']>;
  /** Identifies this payout: 1 to 255 printable ASCII characters with no blank at either end, such as a UUID. Repeated requests with this key are one payout. Choose it when the user decides to pay, and keep it until the outcome is known. */
  readonly idempotencyKey: Scalars['String']['input'];
};

/** What became of the request. Always ask for all three: only the last leaves open whether money moves. */
export type CreatePayoutResult = PayoutCreated | PayoutOutcomeUnknown | PayoutRejected;

/** Several payouts to make by one Lean call. */
export type CreatePayoutsInput = {
  /** Identifies this payout: 1 to 255 printable ASCII characters with no blank at either end, such as a UUID. Repeated requests with this key are one payout. Choose it when the user decides to pay, and keep it until the outcome is known. */
  readonly idempotencyKey: Scalars['String']['input'];
  /** The payouts: 1 to 100. */
  readonly transfers: ReadonlyArray<PayoutTransferInput>;
};

/** What became of the request as a whole, or, where Lean answered, of each transfer. */
export type CreatePayoutsResult = PayoutOutcomeUnknown | PayoutRejected | PayoutsCreated;

/** Something that happened to a payout, as Lean announced it. */
export type HistoryEvent = {
  readonly __typename?: 'HistoryEvent';
  /** Lean's own word for that status. */
  readonly leanStatus: Scalars['String']['output'];
  /** Lean's id of the payment that it happened to; null if there was none yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** What the bank's tracking had ended with by then; null: it had not ended, or Lean did not say. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean announced it. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** The payout's status from then on. */
  readonly status: PayoutStatus;
  /** The kind of the event. */
  readonly type: HistoryEventType;
};

/** The kind of an event. */
export type HistoryEventType =
  /** Lean made a payment; it may have ended at once (`payment.created`). */
  | 'PAYMENT_CREATED'
  /** Something about it changed (`payment.updated`). */
  | 'PAYMENT_UPDATED'
  /** A kind that this gateway does not know. */
  | 'UNKNOWN';

/** Everything that moves money, for callers with the scope `payouts:create`. */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /** Pays one destination. **Moves money**, at most once per key: a request that is repeated with the same key is the same payout, and gets the recorded answer. One document may hold one money-moving field. One Lean call, and one more for the first payout of a process, which asks for Lean's time; a repetition while the outcome is unknown reads the list instead, at most once in five seconds. */
  readonly createPayout: CreatePayoutResult;
  /** Pays several destinations by one Lean call. **Moves money.** All of them go under one key, which is repeated like that of `createPayout`. A batch is never sent again: what Lean does not have of it ends as rejected. */
  readonly createPayouts: CreatePayoutsResult;
};

/** Everything that moves money, for callers with the scope `payouts:create`. */
export type MutationCreatePayoutArgs = {
  input: CreatePayoutInput;
};

/** Everything that moves money, for callers with the scope `payouts:create`. */
export type MutationCreatePayoutsArgs = {
  input: CreatePayoutsInput;
};

/** Where a page lies in its list. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** Cursor of the last row, for `after`; null on an empty page. */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether there are rows after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether there are rows before this page. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first row, for `before`; null on an empty page. */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
};

/** A payout from your bank account, made through Lean: Lean's payment intent with its newest payment. A field has the same value however the payout was reached. Fields that lists do not carry cost one more Lean call per payout, shared by all of them; `history` costs one of its own. A field that this Lean application does not offer is null, with the error `NOT_OFFERED_BY_LEAN`. */
export type Payout = {
  readonly __typename?: 'Payout';
  /** The exact amount. */
  readonly amount: PayoutMoney;
  /** Whether Lean was to authorise it without a person. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together, or none if a list showed it lately. */
  readonly autoAuthorized?: Maybe<Scalars['Boolean']['output']>;
  /** The bank's reference, for reconciliation; null until the bank has given one. */
  readonly bankTransactionReference?: Maybe<Scalars['String']['output']>;
  /** When Lean recorded it. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together, or none if a list showed it lately. */
  readonly createdAt?: Maybe<Scalars['DateTime']['output']>;
  /** The reference text that goes to the recipient's bank, such as `INV 001`. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** Lean's finer code for the status, such as `SUCCESS`; null if Lean gives none. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly granularStatusCode?: Maybe<Scalars['String']['output']>;
  /** Its events, oldest first. One Lean call. Lean may leave out the end of the bank's tracking; read `outcome` for that. */
  readonly history?: Maybe<ReadonlyArray<HistoryEvent>>;
  /** Never changes, from the moment of creation. It is opaque; Lean's own ids are `intentId` and `paymentId`. */
  readonly id: Scalars['ID']['output'];
  /** When the bank step started. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly initiatedAt?: Maybe<Scalars['DateTime']['output']>;
  /** The request behind it: external reference, destination, customer. One Lean call; none after `payout` and `payoutByIntent`, which read it anyway. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean's payment_intent_id. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own word for the status, even if `status` is `UNKNOWN`; null if Lean gives none. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly leanStatus?: Maybe<Scalars['String']['output']>;
  /** Whether money has moved, from `status` and `postInitiationStatus` together. Null if they do not say: a word is unknown, the two contradict each other, or this Lean application does not report the bank's tracking. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean's payment_id; null if Lean has made no payment: the payout awaits authorisation, or failed before. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** Lean's id of the connected source of the money. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly paymentSourceId?: Maybe<Scalars['ID']['output']>;
  /** Whether a person still has to authorise it. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together. */
  readonly pendingManualAuthorization?: Maybe<Scalars['Boolean']['output']>;
  /** How the bank's tracking ended; null while it has not ended. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** Who is paid. */
  readonly recipient: PayoutParty;
  /** The account that the money comes from. Lean names it once there is a payment; for payouts that this gateway created it is known before. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly sender?: Maybe<PayoutParty>;
  /** How far it has come. To decide whether money has moved, read `outcome`. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly status: PayoutStatus;
  /** Lean's sentence about the status; null if Lean gives none. For people to read, not for programs. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly statusDetails?: Maybe<Scalars['String']['output']>;
  /** When it was submitted to the bank. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly submittedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When Lean last changed it. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together. */
  readonly updatedAt?: Maybe<Scalars['DateTime']['output']>;
};

/** A page of payouts. Pages do not shift: payouts that Lean gets while you page neither repeat nor hide a row, and are seen when you start again without a cursor. */
export type PayoutConnection = {
  readonly __typename?: 'PayoutConnection';
  /** The rows, each with its cursor. */
  readonly edges: ReadonlyArray<PayoutEdge>;
  /** The rows alone. */
  readonly nodes: ReadonlyArray<Payout>;
  /** Whether and where to go on. */
  readonly pageInfo: PageInfo;
  /** How many payouts the filter matches, over all pages. */
  readonly totalCount: Scalars['Int']['output'];
};

/** Lean has taken the payout. It is not paid yet: follow its outcome. */
export type PayoutCreated = {
  readonly __typename?: 'PayoutCreated';
  /** The amount as Lean confirmed it. */
  readonly amount: PayoutMoney;
  /** The key that it was created under. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** The intent as Lean has it now. One Lean call, shared with `payout`. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean's payment_intent_id of it. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own word for that status. */
  readonly leanStatus: Scalars['String']['output'];
  /** Lean's payment_id, if Lean's answer had one. Mostly null, because no payment has been made yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now. One Lean call, shared with `intent`. */
  readonly payout?: Maybe<Payout>;
  /** The id of the payout: `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** Who will be paid. */
  readonly recipient?: Maybe<PayoutParty>;
  /** The account that will be debited. */
  readonly sender?: Maybe<PayoutParty>;
  /** Another key of yours with the same account, destination, amount and description whose outcome was unknown when this payout was first sent: ask the user whether this was paid twice. */
  readonly similarUnknownKey?: Maybe<Scalars['String']['output']>;
  /** Its status in Lean's answer, mostly `CREATED`. */
  readonly status: PayoutStatus;
  /** Lean's initiate_payment_task_id: name it when you ask Lean's support about this payout. */
  readonly traceId?: Maybe<Scalars['ID']['output']>;
  /** Which of the `transfers` of `createPayouts` it is, from 0; 0 for `createPayout`. */
  readonly transferIndex?: Maybe<Scalars['Int']['output']>;
};

/** A range of time. Both bounds are inclusive, and either may be left out. */
export type PayoutDateTimeRange = {
  /** Earliest instant, such as `"2026-03-01T00:00:00Z"`. */
  readonly from?: InputMaybe<Scalars['DateTime']['input']>;
  /** Latest instant, such as `"2026-03-31T23:59:59.999999Z"`. */
  readonly to?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A range of decimals. Both bounds are inclusive, and either may be left out. */
export type PayoutDecimalRange = {
  /** Highest value, such as `"999.99"`. */
  readonly max?: InputMaybe<Scalars['Decimal']['input']>;
  /** Lowest value, such as `"100"`. */
  readonly min?: InputMaybe<Scalars['Decimal']['input']>;
};

/** A beneficiary that payouts can go to, as it was set up at Lean. */
export type PayoutDestination = {
  readonly __typename?: 'PayoutDestination';
  /** Bank account number; masked as in `PayoutParty.accountNumber`. */
  readonly accountNumber?: Maybe<Scalars['String']['output']>;
  /** Street address. */
  readonly address?: Maybe<Scalars['String']['output']>;
  /** Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`. Lean's documents name it only for a destination within an intent. Elsewhere it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly bankIdentifier?: Maybe<Scalars['String']['output']>;
  /** City, such as `Dubai`. */
  readonly city?: Maybe<Scalars['String']['output']>;
  /** ISO 3166 alpha-3 code of the country, such as `ARE`. */
  readonly country?: Maybe<Scalars['String']['output']>;
  /** Lean's id of the customer it belongs to. Lean's documents name it only for a destination within an intent. Elsewhere it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The name shown in lists. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** IBAN, such as `"AE070331234567890123456"`; masked as in `PayoutParty.iban`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_destination_id. */
  readonly id: Scalars['ID']['output'];
  /** Whether it is the owner's default destination. Lean's documents name it only for a destination within an intent. Elsewhere it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly isDefault?: Maybe<Scalars['Boolean']['output']>;
  /** Legal name. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
  /** The kind of owner, in Lean's word: `APPLICATION` or `CUSTOMER`. Lean's documents name it only for a destination within an intent. Elsewhere it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly ownerType?: Maybe<Scalars['String']['output']>;
  /** Lean's own word, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay only what is `ACTIVE`. One Lean call for a destination that came with an intent. */
  readonly status?: Maybe<Scalars['String']['output']>;
  /** BIC of the bank, such as `EBILAEAD`. */
  readonly swiftCode?: Maybe<Scalars['String']['output']>;
};

/** A payout and its place in the list. */
export type PayoutEdge = {
  readonly __typename?: 'PayoutEdge';
  /** Its place, to go on from with `after` or `before`. Opaque; good for lists of the same filter. */
  readonly cursor: Scalars['String']['output'];
  /** The payout. */
  readonly node: Payout;
};

/** Which payouts a list holds: those that meet all that is given. These are all the filters Lean has. */
export type PayoutFilter = {
  /** By amount, in major units, whatever the currency. */
  readonly amount?: InputMaybe<PayoutDecimalRange>;
  /** By the time of creation at Lean. */
  readonly createdAt?: InputMaybe<PayoutDateTimeRange>;
  /** By the time of the last change at Lean. */
  readonly updatedAt?: InputMaybe<PayoutDateTimeRange>;
};

/** A wrong field of the input. */
export type PayoutInputError = {
  readonly __typename?: 'PayoutInputError';
  /** The reason, for programs. */
  readonly code: PayoutInputErrorCode;
  /** Its path within the input, such as `amount.amount` or `transfers.2.description`. */
  readonly field: Scalars['String']['output'];
  /** The reason, as an English sentence. */
  readonly message: Scalars['String']['output'];
};

/** Why a field of the input was refused. Use it to write messages in your own language. */
export type PayoutInputErrorCode =
  /** The idempotency key was used before, with another input. */
  | 'ALREADY_USED'
  /** Another transfer of the request has the same value. */
  | 'DUPLICATE'
  /** It holds characters that are not accepted in this field. */
  | 'INVALID_CHARACTERS'
  /** It is not a UUID. */
  | 'NOT_A_UUID'
  /** The amount is zero or below. */
  | 'NOT_POSITIVE'
  /** It begins or ends with a blank. */
  | 'OUTER_BLANKS'
  /** Lean refused the payout because of this field; see `leanCode`. */
  | 'REFUSED_BY_LEAN'
  /** It is empty, or has no visible character. */
  | 'REQUIRED'
  /** The amount has more digits before the point than are accepted. */
  | 'TOO_LARGE'
  /** It has more characters than are accepted. */
  | 'TOO_LONG'
  /** The list has more entries than are accepted. */
  | 'TOO_MANY'
  /** The amount has more decimals than its currency has. */
  | 'TOO_MANY_DECIMALS'
  /** The currency is not in ISO 4217. */
  | 'UNKNOWN_CURRENCY';

/** The request behind a payout: what is to be paid, and to whom. Lean has it from the moment of creation, before there is a payment. */
export type PayoutIntent = {
  readonly __typename?: 'PayoutIntent';
  /** The amount to be paid, exact. */
  readonly amount: PayoutMoney;
  /** Lean's id of the customer that it belongs to. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The reference text for the recipient's bank. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** The destination of the money. It costs no Lean call, or one where Lean has no call for intents (UAE V1, KSA). */
  readonly destination?: Maybe<PayoutDestination>;
  /** Your own id of the payout, as given on creation, such as `INV-2026-0042`. It is never masked: put no account in it. */
  readonly externalReference?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_intent_id. */
  readonly id: Scalars['ID']['output'];
  /** The payout of this intent. It costs no further Lean call; fields that cost more say so. */
  readonly payout?: Maybe<Payout>;
};

/** An amount of money in the major unit of its currency: `"16.50"` with `AED` is 16 dirhams and 50 fils. Select both fields wherever you select it: caches keep it as a part of its payout and replace it as a whole. */
export type PayoutMoney = {
  readonly __typename?: 'PayoutMoney';
  /** Exactly what Lean said, digit by digit, as text: `"16.5"`. */
  readonly amount: Scalars['Decimal']['output'];
  /** The currency, such as `AED`. */
  readonly currency: Scalars['PayoutCurrencyCode']['output'];
};

/** An amount of money to pay, in the major unit of its currency. */
export type PayoutMoneyInput = {
  /** Above zero, with no more decimals than the currency has (AED 2, KWD 3), such as `"16.50"`. Lean receives these very digits. */
  readonly amount: Scalars['Decimal']['input'];
  /** The currency, such as `AED`. */
  readonly currency: Scalars['PayoutCurrencyCode']['input'];
};

/** What Lean's two statuses mean together: has the money gone to the recipient? Decide by this, not by `status`. */
export type PayoutOutcome =
  /** Not decided yet. `ACCEPTED_BY_BANK` is in here until the tracking ends. */
  | 'IN_PROGRESS'
  /** Failed, or rejected by the bank before or after it was accepted. */
  | 'NOT_PAID'
  /** The bank has executed it (`postInitiationStatus: PROCESSED`). */
  | 'PAID';

/** Lean may or may not have taken the payout. Never pay it under another key. Repeating this key is always safe; `reason` says whether it can help. */
export type PayoutOutcomeUnknown = {
  readonly __typename?: 'PayoutOutcomeUnknown';
  /** The key to send again. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** What is known, and what to do. */
  readonly message: Scalars['String']['output'];
  /** Why it is unknown. */
  readonly reason: PayoutUnknownReason;
  /** The gateway may send the payout again from this time on, when the key is repeated and Lean does not have it. Null where it is not sent again without a person. */
  readonly resendAt?: Maybe<Scalars['DateTime']['output']>;
  /** When it is worth asking again: 1 to 30 seconds from now. */
  readonly retryAfterSeconds: Scalars['Int']['output'];
};

/** The sender or the recipient of a payout, as far as Lean names it. */
export type PayoutParty = {
  readonly __typename?: 'PayoutParty';
  /** Bank account number, such as `"1015000000601"`. The gateway may mask it (`"*********0601"`) for callers without the scope `payouts:read_sensitive`. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly accountNumber?: Maybe<Scalars['String']['output']>;
  /** The bank, by Lean's own identifier, such as `LEAN_SME_MB1_UAE`. Lean names the bank of a sender only when a payout is created, so it is null for senders of payouts that this gateway did not create. For a payout from `payoutByPayment` it costs one more Lean call, shared with `intent`. */
  readonly bankName?: Maybe<Scalars['String']['output']>;
  /** The name of the destination in Lean's list; the legal name if it has no other, and for a sender. For a payout from `payoutByPayment` it costs one more Lean call, shared with `intent`. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** IBAN, such as `"AE070331234567890123456"`. The gateway may mask it (`"AE*****************3456"`) for callers without the scope `payouts:read_sensitive`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** For caches: the id of the payout and the side, `"po_…:recipient"` or `"po_…:sender"`. */
  readonly id: Scalars['ID']['output'];
  /** The legal name, as Lean's payment or the destination has it. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
};

/** Nothing was paid, and the same request would be refused again. A payout that Lean creates and fails at once is rejected, too, and has an intent. */
export type PayoutRejected = {
  readonly __typename?: 'PayoutRejected';
  /** The reason, for programs. */
  readonly code: PayoutRejectionCode;
  /** The key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** One entry for each wrong field of the input, 20 at most; empty if no field is wrong. */
  readonly inputErrors: ReadonlyArray<PayoutInputError>;
  /** Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`, if it gave one. */
  readonly leanCode?: Maybe<Scalars['String']['output']>;
  /** The reason, as an English sentence. */
  readonly message: Scalars['String']['output'];
  /** The payout of `rejectedIntentId`, as Lean has it now; null if Lean created none. One Lean call. */
  readonly payout?: Maybe<Payout>;
  /** The intent that Lean created and failed, if it created one. */
  readonly rejectedIntentId?: Maybe<Scalars['ID']['output']>;
  /** Which of the `transfers` it is, from 0; null if the request was refused as a whole. */
  readonly transferIndex?: Maybe<Scalars['Int']['output']>;
};

/** Why a payout was rejected. */
export type PayoutRejectionCode =
  /** The key was used before, with another input. This request paid nothing, but the earlier one may have. Send the original input; use a new key only for a payout that is meant in addition to it. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The input was refused before anything was sent. Correct the fields in `inputErrors`. The key is free, unless an earlier request has used it. */
  | 'INVALID_INPUT'
  /** Lean refused it, failed it, or has not taken it; see `leanCode`. A corrected payout needs a new key. */
  | 'REJECTED_BY_LEAN';

/** A request under an idempotency key, and what became of it. */
export type PayoutRequest = {
  readonly __typename?: 'PayoutRequest';
  /** The key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** When the gateway recorded the request. */
  readonly requestedAt: Scalars['DateTime']['output'];
  /** One entry for each transfer, in order: its recorded answer, or `PayoutOutcomeUnknown` while it is in flight or open. `PayoutCreated.status` is the status at creation; its `payout` has the current one. */
  readonly results: ReadonlyArray<CreatePayoutResult>;
};

/** How far a payout has come, by Lean's own status. It does not say whether money has arrived: `Payout.outcome` does. */
export type PayoutStatus =
  /** The bank accepted it. Not final, and no proof of payment: the bank may still reject it. */
  | 'ACCEPTED_BY_BANK'
  /** Its authorisation failed, for example by a wrong one-time password. Lean's list and history have no such status: there, and so in `payouts`, it is `FAILED`. */
  | 'AUTHORISATION_FAILED'
  /** Queued; waits for a person, or for the authoriser, to authorise it. */
  | 'AWAITING_AUTHORIZATION'
  /** Recorded at Lean; nothing has reached the bank yet. */
  | 'CREATED'
  /** Not executed. */
  | 'FAILED'
  /** The bank took it but gave no reference: it may still be processed, or fail. Reconcile it. */
  | 'PENDING_WITH_BANK'
  /** Lean gave no status, or one that this gateway does not know; see `leanStatus`. */
  | 'UNKNOWN';

/** One of several payouts to make by one request. */
export type PayoutTransferInput = {
  /** The source account to take the money from, as the Payouts tab of Lean's dashboard names it. */
  readonly accountId: Scalars['ID']['input'];
  /** How much, and in which currency. */
  readonly amount: PayoutMoneyInput;
  /** Whether Lean is to authorise it at once, by the authoriser set up for that. Otherwise it waits for a person. */
  readonly authorize?: Scalars['Boolean']['input'];
  /** Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`. */
  readonly description: Scalars['String']['input'];
  /** The destination to pay: `PayoutDestination.id`. Pay it once its status is `ACTIVE`. */
  readonly destinationId: Scalars['ID']['input'];
  /** Your own id of it, found again on its intent: at most 64 characters with no blank at either end, another one for each transfer. By default the key that Lean gets, a dot and the position among the transfers, from 0 (the key alone where there is one). */
  readonly externalReference?: InputMaybe<Scalars['String']['input']>;
};

/** Why the outcome of a payout is unknown. */
export type PayoutUnknownReason =
  /** An operator must decide what became of it; repeating does not help. */
  | 'OPERATOR'
  /** Lean has a payout that may be this one. An operator must decide; repeating does not help. */
  | 'UNCLEAR'
  /** Lean may still take it, or could not be read. Repeat the same input and key after `retryAfterSeconds`. */
  | 'WAITING';

/** A step that a payout has made, as Lean's own records show it. The steps of a payout come in order, each once. */
export type PayoutUpdate = {
  readonly __typename?: 'PayoutUpdate';
  /** The place of this update among all updates. After a lost connection, subscribe with the last cursor that you received as `after`. It is valid with any `id`, at every gateway that shares the store. Over SSE it is the `id:` of the event, which browsers send back by themselves. */
  readonly cursor: Scalars['String']['output'];
  /** Lean's id of the event that announced the step, or an id made by the gateway if no event did. */
  readonly eventId: Scalars['ID']['output'];
  /** Lean's payment_intent_id of the payout. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own word for that status. */
  readonly leanStatus: Scalars['String']['output'];
  /** Whether money had moved by then, from `status` and `postInitiationStatus` together. Null if they do not say, as in `Payout.outcome`. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean's payment_id at this step; null if Lean had made no payment yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now, which may be past this step. The gateway reads it, its `intent` and its `history` once for all subscribers. */
  readonly payout?: Maybe<Payout>;
  /** The payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** How the bank's tracking had ended by then; null if it had not ended, or Lean does not report it. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean announced it. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** The payout's status from then on. */
  readonly status: PayoutStatus;
  /** The kind of the event. */
  readonly type: HistoryEventType;
};

/** Lean has answered to each transfer: some may have been taken and others rejected. */
export type PayoutsCreated = {
  readonly __typename?: 'PayoutsCreated';
  /** The transfers that Lean has taken. */
  readonly created: ReadonlyArray<PayoutCreated>;
  /** The key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** The transfers that Lean failed at once. */
  readonly rejected: ReadonlyArray<PayoutRejected>;
};

/** What the bank's tracking of an accepted payout ended with. */
export type PostInitiationStatus =
  /** The bank executed the payout. */
  | 'PROCESSED'
  /** The bank rejected the payout after it had accepted it. */
  | 'REJECTED'
  /** A word of Lean that this gateway does not know. */
  | 'UNKNOWN';

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type Query = {
  readonly __typename?: 'Query';
  readonly _entities: ReadonlyArray<Maybe<_Entity>>;
  readonly _service: _Service;
  /** One payout; null if Lean does not know it. One Lean call, also for its `intent` and the destination; fields that cost more say so. */
  readonly payout?: Maybe<Payout>;
  /** The payout with this payment_intent_id at Lean; null if Lean does not know it. One Lean call, also for its `intent` and the destination; fields that cost more say so. */
  readonly payoutByIntent?: Maybe<Payout>;
  /** The payout with this payment_id at Lean; null if Lean does not know it. One Lean call, or two where Lean has no call for a payment (UAE V1, KSA); fields that cost more say so. */
  readonly payoutByPayment?: Maybe<Payout>;
  /** One destination, by one Lean call; null if Lean does not know the id. Pay it once its status is `ACTIVE`. */
  readonly payoutDestination?: Maybe<PayoutDestination>;
  /** One intent, with its payout and destination, by one Lean call; null if Lean does not know the id. */
  readonly payoutIntent?: Maybe<PayoutIntent>;
  /** Your request under an idempotency key, with its results. The query sends nothing and writes nothing. `payout` and `intent` cost Lean calls, and so do fields of `sender` and `recipient` that Lean's answer did not carry. Null means that there is no record: the key never arrived, nothing was sent for it, or the record is older than the retention. **Null does not allow you to pay again under another key.** */
  readonly payoutRequest?: Maybe<PayoutRequest>;
  /** The cursor of the newest update when this request began. Nothing else in the answer is older. To miss no step, read it in one operation with the payouts that you show, then subscribe to `payoutUpdated` with it as `after`; the first updates may repeat what you have read. No Lean call. Null if this gateway receives no updates. */
  readonly payoutUpdatesCursor?: Maybe<Scalars['String']['output']>;
  /** Payouts in Lean's order, newest first. One Lean call for a page, sometimes two; fields that lists do not carry cost one more per payout. */
  readonly payouts?: Maybe<PayoutConnection>;
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type Query_EntitiesArgs = {
  representations: ReadonlyArray<Scalars['_Any']['input']>;
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutArgs = {
  id: Scalars['ID']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutByIntentArgs = {
  intentId: Scalars['ID']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutByPaymentArgs = {
  paymentId: Scalars['ID']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutDestinationArgs = {
  id: Scalars['ID']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutIntentArgs = {
  id: Scalars['ID']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutRequestArgs = {
  idempotencyKey: Scalars['String']['input'];
};

/** Everything that can be read, by callers with the scope `payouts:read`. */
export type QueryPayoutsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<PayoutFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** Updates as they happen, for callers with the scope `payouts:read`. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /** Each step that a payout makes, from created to paid, also before Lean has made a payment. Read `payoutUpdatesCursor` together with the payouts that you show, then subscribe with it as `after`. Over SSE or WebSocket (graphql-ws), at the same address as queries. */
  readonly payoutUpdated: PayoutUpdate;
};

/** Updates as they happen, for callers with the scope `payouts:read`. */
export type SubscriptionPayoutUpdatedArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  id?: InputMaybe<Scalars['ID']['input']>;
};

export type _Entity = Payout | PayoutDestination | PayoutIntent;

export type _Service = {
  readonly __typename?: '_Service';
  /** The sdl representing the federated service capabilities. Includes federation directives, removes federation types, and includes rest of full schema after schema directives have been applied */
  readonly sdl?: Maybe<Scalars['String']['output']>;
};
