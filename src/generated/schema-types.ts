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
  /** Lean’s id of the payment that it happened to; null before there was one. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** What the bank's tracking had ended with by then; null: it had not ended, or Lean did not say. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean announced it. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** The payout's status from then on. */
  readonly status: PayoutStatus;
  /** What kind of event it was. */
  readonly type: HistoryEventType;
};

/** What kind of event it was. */
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
  /** Pays one destination. **Moves money**, at most once per key: a request that is repeated with the same key is the same payout, and gets the recorded answer. One document may hold one money-moving field. One Lean call; a repetition while the outcome is unknown reads Lean’s list instead, at most once in five seconds. */
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

/** A payout out of your bank account, made through Lean: an intent of Lean’s with its newest payment. Each field has the same value by whichever way the payout was reached. What a list does not carry costs one more Lean call per payout, once, whichever and however many such fields are selected. */
export type Payout = {
  readonly __typename?: 'Payout';
  /** The amount paid, exact. */
  readonly amount: PayoutMoney;
  /** Whether Lean was to authorise it by itself. Lists carry it. Of a payout that was reached another way it costs nothing where a list showed it lately, else one Lean call, or two, for all such fields together. */
  readonly autoAuthorized?: Maybe<Scalars['Boolean']['output']>;
  /** The bank’s reference, for reconciliation; null until the bank has given one. */
  readonly bankTransactionReference?: Maybe<Scalars['String']['output']>;
  /** When Lean recorded it. Lists carry it. Of a payout that was reached another way it costs nothing where a list showed it lately, else one Lean call, or two, for all such fields together. */
  readonly createdAt?: Maybe<Scalars['DateTime']['output']>;
  /** The reference text that goes to the recipient’s bank, such as `INV 001`. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** Lean’s finer code for the status, such as `SUCCESS`, where it gives one. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly granularStatusCode?: Maybe<Scalars['String']['output']>;
  /** What has happened to it, oldest first. One Lean call. Lean may leave out the end of the tracking: read `outcome` for that. */
  readonly history?: Maybe<ReadonlyArray<HistoryEvent>>;
  /** Stable for life, from the moment of creation. Opaque: Lean’s own ids are `intentId` and `paymentId`. */
  readonly id: Scalars['ID']['output'];
  /** When the bank step started. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly initiatedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What it was meant to be: external reference, destination, customer. One Lean call, unless the payout came by it. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean’s payment_intent_id. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean’s own word for the status, also when `status` says `UNKNOWN`; null where Lean gives none. A payout without a payment takes it from Lean’s list: one Lean call, or two, unless it was read there. */
  readonly leanStatus?: Maybe<Scalars['String']['output']>;
  /** What `status` and `postInitiationStatus` mean together; null when that cannot be told: an unknown word, two that contradict each other, or a Lean application that does not tell of the tracking. A payout without a payment takes it from Lean’s list: one Lean call, or two, unless it was read there. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean’s payment_id; null while Lean has made no payment of it (awaiting authorisation, failed early). */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** Lean’s id of the connected source of the money. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly paymentSourceId?: Maybe<Scalars['ID']['output']>;
  /** Whether a person still has to authorise it. Lists carry it. Of a payout that was reached another way it costs nothing where a list showed it lately, else one Lean call, or two, for all such fields together. */
  readonly pendingManualAuthorization?: Maybe<Scalars['Boolean']['output']>;
  /** How the bank’s tracking ended; null: it has not ended. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** Who is paid. */
  readonly recipient: PayoutParty;
  /** Whose account the money comes from. Lean tells it with the payment; of payouts that this gateway created it is known before. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly sender?: Maybe<PayoutParty>;
  /** How far it has come. For the question whether money has moved, use `outcome`. A payout without a payment takes it from Lean’s list: one Lean call, or two, unless it was read there. */
  readonly status: PayoutStatus;
  /** Lean’s sentence on the status, where it gives one. For people to read, not for programs. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly statusDetails?: Maybe<Scalars['String']['output']>;
  /** When it was submitted to the bank. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly submittedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When Lean last changed it. Lists carry it. Of a payout that was reached another way it costs nothing where a list showed it lately, else one Lean call, or two, for all such fields together. */
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
  /** Its intent as Lean has it now. One Lean call, shared with `payout`. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean's payment_intent_id of it. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own word for that status. */
  readonly leanStatus: Scalars['String']['output'];
  /** Lean's payment_id of it, where Lean's answer had one: mostly null, as no payment is made yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now. One Lean call, shared with `intent`. */
  readonly payout?: Maybe<Payout>;
  /** The payout: `Payout.id`. */
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
  /** Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`. */
  readonly bankIdentifier?: Maybe<Scalars['String']['output']>;
  /** City, such as `Dubai`. */
  readonly city?: Maybe<Scalars['String']['output']>;
  /** ISO 3166 alpha-3 code of the country, such as `ARE`. */
  readonly country?: Maybe<Scalars['String']['output']>;
  /** Lean's id of the customer it belongs to. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The name shown in lists. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** IBAN, such as `"AE070331234567890123456"`; masked as in `PayoutParty.iban`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_destination_id. */
  readonly id: Scalars['ID']['output'];
  /** Whether it is its owner's default one. */
  readonly isDefault?: Maybe<Scalars['Boolean']['output']>;
  /** Legal name. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
  /** Whose it is, in Lean's word: `APPLICATION` or `CUSTOMER`. */
  readonly ownerType?: Maybe<Scalars['String']['output']>;
  /** Lean's own word, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay only what is `ACTIVE`. */
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
  /** Why, in a word. */
  readonly code: PayoutInputErrorCode;
  /** Its path within the input, such as `amount.amount` or `transfers.2.description`. */
  readonly field: Scalars['String']['output'];
  /** Why, in a sentence for people. */
  readonly message: Scalars['String']['output'];
};

/** Why a field of the input is not accepted, for messages in a language of your own. */
export type PayoutInputErrorCode =
  /** The idempotency key stands for another input. */
  | 'ALREADY_USED'
  /** Another transfer of the request has the same. */
  | 'DUPLICATE'
  /** It holds characters that are not accepted in this field. */
  | 'INVALID_CHARACTERS'
  /** It is no UUID, such as Lean’s ids are. */
  | 'NOT_A_UUID'
  /** The amount is zero or below. */
  | 'NOT_POSITIVE'
  /** It begins or ends with a blank. */
  | 'OUTER_BLANKS'
  /** Lean refused the payout because of this field; see `leanCode`. */
  | 'REFUSED_BY_LEAN'
  /** It is empty, or holds nothing that can be seen. */
  | 'REQUIRED'
  /** The amount has more digits before the point than are accepted. */
  | 'TOO_LARGE'
  /** It has more characters than are accepted. */
  | 'TOO_LONG'
  /** The list has more entries than are accepted. */
  | 'TOO_MANY'
  /** The amount has more decimals than its currency has. */
  | 'TOO_MANY_DECIMALS'
  /** There is no such ISO 4217 currency. */
  | 'UNKNOWN_CURRENCY';

/** What a payout was meant to be. There is one from the moment of creation, before there is a payment. */
export type PayoutIntent = {
  readonly __typename?: 'PayoutIntent';
  /** The amount to be paid, exact. */
  readonly amount: PayoutMoney;
  /** Lean's id of the customer it belongs to. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The reference text for the recipient's bank. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** Where the money goes, as the intent carries it: no further Lean call. */
  readonly destination?: Maybe<PayoutDestination>;
  /** Your own id of it, as given on creation, such as `INV-2026-0042`. */
  readonly externalReference?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_intent_id. */
  readonly id: Scalars['ID']['output'];
  /** The payout made of it, as the intent carries it: no further Lean call for its own fields. */
  readonly payout?: Maybe<Payout>;
};

/** An amount of money in the major unit of its currency: `"16.50"` with `AED` is 16 dirhams and 50 fils. */
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

/** Who pays or is paid, as far as Lean tells. */
export type PayoutParty = {
  readonly __typename?: 'PayoutParty';
  /** Bank account number, such as `"1015000000601"`. It may come masked, `"*********0601"`, without the scope `payouts:read_sensitive`. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly accountNumber?: Maybe<Scalars['String']['output']>;
  /** The party’s bank. Lean has its own identifier of the bank here, such as `LEAN_SME_MB1_UAE`. Of senders Lean tells it when a payout is created, so that it is null for payouts that this gateway did not create. Of a payout that was reached by its payment it costs one Lean call, shared with `intent`. */
  readonly bankName?: Maybe<Scalars['String']['output']>;
  /** What the list calls the destination; the legal name where it has no other name, and for a sender. Of a payout that was reached by its payment it costs one Lean call, shared with `intent`. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** IBAN, such as `"AE070331234567890123456"`. It may come masked, `"AE*****************3456"`, without the scope `payouts:read_sensitive`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** For caches: the payout’s id and the side, `"po_…:recipient"` or `"po_…:sender"`. */
  readonly id: Scalars['ID']['output'];
  /** The name by law, as Lean’s payment and the destination have it. On a list it costs one Lean call per payout, for all such fields and `intent` together. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
};

/** Nothing was paid, and the same request would be refused again. A payout that Lean fails inside a successful answer ends here too, with its intent id. */
export type PayoutRejected = {
  readonly __typename?: 'PayoutRejected';
  /** Why, in a word. */
  readonly code: PayoutRejectionCode;
  /** The key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** The wrong fields of the input, one entry for each, 20 at most; empty where none of them is wrong. */
  readonly inputErrors: ReadonlyArray<PayoutInputError>;
  /** Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`, where it gave one. */
  readonly leanCode?: Maybe<Scalars['String']['output']>;
  /** Why, in a sentence for people. */
  readonly message: Scalars['String']['output'];
  /** The payout of `rejectedIntentId`, as Lean has it now; null where Lean made none. One Lean call. */
  readonly payout?: Maybe<Payout>;
  /** The intent that Lean made and failed, where it made one. */
  readonly rejectedIntentId?: Maybe<Scalars['ID']['output']>;
  /** Which of the `transfers` it is, from 0; null when the request was refused as a whole. */
  readonly transferIndex?: Maybe<Scalars['Int']['output']>;
};

/** Why a payout was rejected. */
export type PayoutRejectionCode =
  /** The key was used before, with another input. This request paid nothing; the earlier one may have. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The input was refused before anything was sent; correct what `inputErrors` names, the key is still free. */
  | 'INVALID_INPUT'
  /** Lean refused it, failed it, or has not taken it; see `leanCode`. A corrected payout needs a new key. */
  | 'REJECTED_BY_LEAN';

/** What was asked for under an idempotency key, and what became of it. */
export type PayoutRequest = {
  readonly __typename?: 'PayoutRequest';
  /** The key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** When the gateway recorded the request. */
  readonly requestedAt: Scalars['DateTime']['output'];
  /** One for each transfer, in order: the recorded answer, or `PayoutOutcomeUnknown` while it is in flight or open, as a repetition of the key would be told. `PayoutCreated.status` is that of the moment of creation; its `payout` tells how it stands now. */
  readonly results: ReadonlyArray<CreatePayoutResult>;
};

/** How far a payout has come, by Lean's own status. It does not say whether money has arrived: `Payout.outcome` does. */
export type PayoutStatus =
  /** The bank accepted it. Not final, and no proof of payment: the bank may still reject it. */
  | 'ACCEPTED_BY_BANK'
  /** Its authorisation failed, for example by a wrong one-time password. */
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

/** A step that a payout has made, as Lean itself has it. The steps of a payout come in their order, each once. */
export type PayoutUpdate = {
  readonly __typename?: 'PayoutUpdate';
  /** Where it stands among all updates. After a lost connection subscribe `after` the last one that you have had, with the same `id` or another, at any gateway of the store. Over SSE it is the `id:` of the event, which browsers send back by themselves. */
  readonly cursor: Scalars['String']['output'];
  /** Lean's id of the event that announced it, or one made for it where none did. */
  readonly eventId: Scalars['ID']['output'];
  /** Lean's payment_intent_id of the payout. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own word for that status. */
  readonly leanStatus: Scalars['String']['output'];
  /** What `status` and `postInitiationStatus` mean together: read this to learn whether the money has gone. Null when that cannot be told, as in `Payout.outcome`. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean's payment_id by then; null while Lean has made no payment of it. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now, which may be later than this step. The gateway reads it, its `intent` and its `history` once for all subscribers. */
  readonly payout?: Maybe<Payout>;
  /** The payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** How the bank's tracking had ended by then; null: it had not ended, or Lean does not tell. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean announced it. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** Its status from then on. */
  readonly status: PayoutStatus;
  /** What kind of event it was. */
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
  /** One payout; null when Lean does not know it. One Lean call for any of its own fields, its `intent` and the destination of that. */
  readonly payout?: Maybe<Payout>;
  /** The payout with this payment_intent_id at Lean; null when Lean does not know it. One Lean call for any of its own fields, its `intent` and the destination of that. */
  readonly payoutByIntent?: Maybe<Payout>;
  /** The payout with this payment_id at Lean; null when Lean does not know it. One Lean call for any of its own fields. */
  readonly payoutByPayment?: Maybe<Payout>;
  /** One destination, by one Lean call; null when Lean does not know the id. Pay it once its status is `ACTIVE`. */
  readonly payoutDestination?: Maybe<PayoutDestination>;
  /** One intent, with its payout and destination, by one Lean call; null when Lean does not know the id. */
  readonly payoutIntent?: Maybe<PayoutIntent>;
  /** What became of an idempotency key of yours. It sends nothing, writes nothing and makes no Lean call but those of the `payout` and `intent` that are selected. Null: there is no record, because the key never came, or its payout was never sent, or the record is older than the retention. **Null is no leave to pay again under another key.** */
  readonly payoutRequest?: Maybe<PayoutRequest>;
  /** Where the updates stood when this request began: nothing else in its answer is older. To miss nothing and have nothing twice, read this and what you show in one operation, then subscribe to `payoutUpdated` `after` it. No Lean call; null where the gateway is told of no updates. */
  readonly payoutUpdatesCursor?: Maybe<Scalars['String']['output']>;
  /** Payouts in Lean's order, newest first. One Lean call for a page, whatever its size; fields that only the single payout carries cost one more per payout. */
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

/** What happens, as it happens, for callers with the scope `payouts:read`. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /** Tells of each step that a payout makes, from created to paid, without asking again and again; also of payouts that Lean has made no payment of. Read `payoutUpdatesCursor` together with what you show, then subscribe `after` it. Over SSE or WebSocket (graphql-ws), at the address of queries. */
  readonly payoutUpdated: PayoutUpdate;
};

/** What happens, as it happens, for callers with the scope `payouts:read`. */
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
