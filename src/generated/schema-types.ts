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
  /** An instant as RFC 3339 text in UTC, such as `"2026-03-01T08:30:00.123456Z"`. It has the fraction of a second that Lean gave, up to nanoseconds. Input may have any offset (`"2026-03-01T12:30:00+04:00"`). */
  DateTime: { input: string; output: string };
  /** An exact decimal number. In JSON it is text, such as `"16.50"`, because most programs lose digits of JSON numbers. Input may also be a number literal (`16.50`), which is read digit by digit. Behind a router send text, because many routers lose digits of number literals. */
  Decimal: { input: string | number; output: string };
  /** An ISO 4217 alphabetic currency code, such as `"AED"` or `"SAR"`. */
  PayoutCurrencyCode: { input: string; output: string };
  _Any: { input: unknown; output: unknown };
};

/** A payout to create. */
export type CreatePayoutInput = {
  /** The id of the account to debit, from the Payouts tab of Lean's dashboard. */
  readonly accountId: Scalars['ID']['input'];
  /** The amount, with its currency. */
  readonly amount: PayoutMoneyInput;
  /** True: Lean authorises the payout at once, through the authoriser that is set up for this. False: the payout waits until a person authorises it. */
  readonly authorize?: Scalars['Boolean']['input'];
  /** Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`. */
  readonly description: Scalars['String']['input'];
  /** The destination to pay, by its `PayoutDestination.id`. Pay a destination only when its status is `ACTIVE`. */
  readonly destinationId: Scalars['ID']['input'];
  /** Your own id of the payout, such as `INV-2026-0001`: at most 64 characters, without whitespace at either end. `PayoutIntent.externalReference` returns it. By default it is the idempotency key, with a digest of the caller if callers use access tokens. */
  readonly externalReference?: InputMaybe<Scalars['String']['input']>;
  /** Identifies this payout: 1 to 255 printable ASCII characters without whitespace at either end, such as a UUID. All requests with the same key are one payout. Create the key when the user decides to pay, and keep it until the outcome is known. */
  readonly idempotencyKey: Scalars['String']['input'];
};

/** The result of a request. Always select all three types. `PayoutOutcomeUnknown` means that money may have moved. */
export type CreatePayoutResult = PayoutCreated | PayoutOutcomeUnknown | PayoutRejected;

/** Several payouts to create by one Lean call. */
export type CreatePayoutsInput = {
  /** Identifies this batch: 1 to 255 printable ASCII characters without whitespace at either end, such as a UUID. All requests with the same key are one batch. Create the key when the user decides to pay, and keep it until the outcome is known. */
  readonly idempotencyKey: Scalars['String']['input'];
  /** The payouts to create: 1 to 100. */
  readonly transfers: ReadonlyArray<PayoutTransferInput>;
};

/** The result of a request with several transfers: of each transfer if Lean has answered, and of the whole request otherwise. */
export type CreatePayoutsResult = PayoutOutcomeUnknown | PayoutRejected | PayoutsCreated;

/** An event in the history of a payout, as Lean published it. */
export type HistoryEvent = {
  readonly __typename?: 'HistoryEvent';
  /** Lean's own name of the status, such as `ACCEPTED_BY_BANK`. */
  readonly leanStatus: Scalars['String']['output'];
  /** Lean's payment_id of the payment that the event is about; null if there was no payment yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The id of the payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** How the bank's tracking had ended by then; null if it had not ended, or Lean did not report it. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean published the event. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** The payout's status after the event. */
  readonly status: PayoutStatus;
  /** The type of the event. */
  readonly type: HistoryEventType;
};

/** The type of an event. */
export type HistoryEventType =
  /** Lean has made a payment (`payment.created`). The payment may already have ended. */
  | 'PAYMENT_CREATED'
  /** The payment has changed (`payment.updated`). An update of a payout without a payment also has this type. So the first update of a payout is usually `PAYMENT_UPDATED` with the status `CREATED`, before `PAYMENT_CREATED`. */
  | 'PAYMENT_UPDATED'
  /** A type that this gateway does not know. */
  | 'UNKNOWN';

/** All operations that move money. They need the scope `payouts:create`. */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /** Pays one destination. **Moves money**, at most once per key: a repeated request with the same key is the same payout, and returns the recorded result. A document may contain one money-moving field. Costs one Lean call. The first payout of a gateway process costs one more, to read Lean's time. While the outcome is unknown, a repeated request reads Lean's list instead, at most once in five seconds. */
  readonly createPayout: CreatePayoutResult;
  /** Pays several destinations by one Lean call. **Moves money.** All transfers share one key. A repeated request with the same key works as in `createPayout`, but a batch is never sent again: transfers that Lean does not have become rejected. Transfers with the same destination and amount cost one more Lean call each, because only their intents show which payout is whose. */
  readonly createPayouts: CreatePayoutsResult;
};

/** All operations that move money. They need the scope `payouts:create`. */
export type MutationCreatePayoutArgs = {
  input: CreatePayoutInput;
};

/** All operations that move money. They need the scope `payouts:create`. */
export type MutationCreatePayoutsArgs = {
  input: CreatePayoutsInput;
};

/** The position of a page in its list. */
export type PageInfo = {
  readonly __typename?: 'PageInfo';
  /** The cursor of the last payout on the page, for `after`; null on an empty page. */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether there are payouts after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether there are payouts before this page. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the first payout on the page, for `before`; null on an empty page. */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
};

/** A payout from your bank account through Lean: Lean's payment intent with its newest payment. A field has the same value in every query. Fields that Lean's list does not contain cost one more Lean call per payout, shared by all of them; `history` costs one call of its own. A field that this Lean application does not offer is null, with the error `NOT_OFFERED_BY_LEAN`. */
export type Payout = {
  readonly __typename?: 'Payout';
  /** The exact amount. */
  readonly amount: PayoutMoney;
  /** Whether the payout was to be authorised without a person. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together, or none if a list showed it lately. */
  readonly autoAuthorized?: Maybe<Scalars['Boolean']['output']>;
  /** The bank's reference, for reconciliation; null until the bank has given one. */
  readonly bankTransactionReference?: Maybe<Scalars['String']['output']>;
  /** When Lean recorded the payout. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together, or none if a list showed it lately. */
  readonly createdAt?: Maybe<Scalars['DateTime']['output']>;
  /** The reference text that goes to the recipient's bank, such as `INV 001`. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** Lean's detailed status code, such as `SUCCESS`; null if Lean gives none. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly granularStatusCode?: Maybe<Scalars['String']['output']>;
  /** The events of the payout, oldest first. Costs one Lean call. The end of the bank's tracking may be missing; use `outcome` for that. */
  readonly history?: Maybe<ReadonlyArray<HistoryEvent>>;
  /** The id of the payout. It never changes, and it is opaque. Lean's own ids are `intentId` and `paymentId`. */
  readonly id: Scalars['ID']['output'];
  /** When the payment at the bank was started. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly initiatedAt?: Maybe<Scalars['DateTime']['output']>;
  /** The request behind the payout: external reference, destination, customer. Costs one Lean call, or none after `payout` and `payoutByIntent`, which have read it. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean's payment_intent_id. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own name of the status, also if `status` is `UNKNOWN`; null if Lean gives none. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly leanStatus?: Maybe<Scalars['String']['output']>;
  /** Whether money has moved, from `status` and `postInitiationStatus` together. Null if they do not show it: one is unknown, the two contradict each other, or this Lean application does not report the bank's tracking. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean's payment_id; null if Lean has made no payment, because the payout awaits authorisation or has failed. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** Lean's id of the connected payment source that the money comes from. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly paymentSourceId?: Maybe<Scalars['ID']['output']>;
  /** Whether a person still has to authorise the payout. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together. */
  readonly pendingManualAuthorization?: Maybe<Scalars['Boolean']['output']>;
  /** How the bank's tracking ended; null while it has not ended. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** The recipient of the money. */
  readonly recipient: PayoutParty;
  /** The account that the money comes from. Lean names it once there is a payment. For payouts that this gateway created, it is known before that. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly sender?: Maybe<PayoutParty>;
  /** The progress of the payout. To decide whether money has moved, use `outcome`. Before there is a payment, this field is read from Lean's list: one or two Lean calls, unless the payout came from a list. */
  readonly status: PayoutStatus;
  /** Lean's explanation of the status, for people and not for programs; null if Lean gives none. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly statusDetails?: Maybe<Scalars['String']['output']>;
  /** When the payout was submitted to the bank. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly submittedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When Lean last changed the payout. Lists carry it. A payout that did not come from a list costs one or two Lean calls for all such fields together. */
  readonly updatedAt?: Maybe<Scalars['DateTime']['output']>;
};

/** A page of payouts. New payouts do not shift the pages: while you page, they neither repeat nor hide a payout. They appear when you start again without a cursor. */
export type PayoutConnection = {
  readonly __typename?: 'PayoutConnection';
  /** The payouts, each with its cursor. */
  readonly edges: ReadonlyArray<PayoutEdge>;
  /** The payouts without cursors. */
  readonly nodes: ReadonlyArray<Payout>;
  /** Whether there are more pages, and the cursors to read them. */
  readonly pageInfo: PageInfo;
  /** The number of payouts that match the filter, on all pages. */
  readonly totalCount: Scalars['Int']['output'];
};

/** Lean has accepted the payout. It is not paid yet: check `Payout.outcome` later. */
export type PayoutCreated = {
  readonly __typename?: 'PayoutCreated';
  /** The amount as Lean confirmed it. */
  readonly amount: PayoutMoney;
  /** The idempotency key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** The intent as Lean has it now. Costs one Lean call, shared with `payout`. */
  readonly intent?: Maybe<PayoutIntent>;
  /** Lean's payment_intent_id of the payout. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own name of the status, such as `ACCEPTED_BY_BANK`. */
  readonly leanStatus: Scalars['String']['output'];
  /** Lean's payment_id from Lean's response. Usually null, because Lean makes the payment later. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now. Costs one Lean call, shared with `intent`. */
  readonly payout?: Maybe<Payout>;
  /** The id of the payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** The recipient of the money. */
  readonly recipient?: Maybe<PayoutParty>;
  /** The account that will be debited. */
  readonly sender?: Maybe<PayoutParty>;
  /** Another key of yours with the same account, destination, amount and description, whose outcome was unknown when this payout was first sent. Both may be paid: ask the user whether that was intended. */
  readonly similarUnknownKey?: Maybe<Scalars['String']['output']>;
  /** The payout's status in Lean's response, usually `CREATED`. */
  readonly status: PayoutStatus;
  /** Lean's initiate_payment_task_id. Quote it when you ask Lean's support about this payout. */
  readonly traceId?: Maybe<Scalars['ID']['output']>;
  /** The index of the transfer in `transfers` of `createPayouts`, from 0. Always 0 for `createPayout`. */
  readonly transferIndex?: Maybe<Scalars['Int']['output']>;
};

/** A range of time. Both bounds are inclusive and optional. */
export type PayoutDateTimeRange = {
  /** The earliest instant, such as `"2026-03-01T00:00:00Z"`. */
  readonly from?: InputMaybe<Scalars['DateTime']['input']>;
  /** The latest instant, such as `"2026-03-31T23:59:59.999999Z"`. */
  readonly to?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A range of decimal numbers. Both bounds are inclusive and optional. */
export type PayoutDecimalRange = {
  /** The highest value, such as `"999.99"`. */
  readonly max?: InputMaybe<Scalars['Decimal']['input']>;
  /** The lowest value, such as `"100"`. */
  readonly min?: InputMaybe<Scalars['Decimal']['input']>;
};

/** A beneficiary that is set up at Lean and can receive payouts. */
export type PayoutDestination = {
  readonly __typename?: 'PayoutDestination';
  /** Bank account number; masked as in `PayoutParty.accountNumber`. */
  readonly accountNumber?: Maybe<Scalars['String']['output']>;
  /** Street address. */
  readonly address?: Maybe<Scalars['String']['output']>;
  /** Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`. Lean documents this field only for a destination within an intent. Otherwise it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly bankIdentifier?: Maybe<Scalars['String']['output']>;
  /** City, such as `Dubai`. */
  readonly city?: Maybe<Scalars['String']['output']>;
  /** ISO 3166 alpha-3 code of the country, such as `ARE`. */
  readonly country?: Maybe<Scalars['String']['output']>;
  /** Lean's id of the customer that the destination belongs to. Lean documents this field only for a destination within an intent. Otherwise it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The name that Lean's list of payouts shows. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** IBAN, such as `"AE070331234567890123456"`; masked as in `PayoutParty.iban`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_destination_id. */
  readonly id: Scalars['ID']['output'];
  /** Whether this is the owner's default destination. Lean documents this field only for a destination within an intent. Otherwise it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly isDefault?: Maybe<Scalars['Boolean']['output']>;
  /** The legal name of the beneficiary. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
  /** The kind of owner: `APPLICATION` or `CUSTOMER`. Lean documents this field only for a destination within an intent. Otherwise it may be null, with the error `NOT_OFFERED_BY_LEAN`. */
  readonly ownerType?: Maybe<Scalars['String']['output']>;
  /** Lean's own name of the status, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay a destination only when it is `ACTIVE`. Costs one Lean call if the destination was read with an intent. */
  readonly status?: Maybe<Scalars['String']['output']>;
  /** BIC of the bank, such as `EBILAEAD`. */
  readonly swiftCode?: Maybe<Scalars['String']['output']>;
};

/** A payout and its position in the list. */
export type PayoutEdge = {
  readonly __typename?: 'PayoutEdge';
  /** The position of the payout, for `after` or `before`. Opaque, and valid only for lists with the same filter. */
  readonly cursor: Scalars['String']['output'];
  /** The payout. */
  readonly node: Payout;
};

/** Selects the payouts of a list. A payout must match all fields that are given. Lean has no other filters. */
export type PayoutFilter = {
  /** The amount in major units, in any currency. */
  readonly amount?: InputMaybe<PayoutDecimalRange>;
  /** When Lean recorded the payout. */
  readonly createdAt?: InputMaybe<PayoutDateTimeRange>;
  /** When Lean last changed the payout. */
  readonly updatedAt?: InputMaybe<PayoutDateTimeRange>;
};

/** A field of the input that was refused, with the reason. */
export type PayoutInputError = {
  readonly __typename?: 'PayoutInputError';
  /** The reason, for programs. */
  readonly code: PayoutInputErrorCode;
  /** The path of the field in the input, such as `amount.amount` or `transfers.2.description`. */
  readonly field: Scalars['String']['output'];
  /** The reason, as an English sentence. */
  readonly message: Scalars['String']['output'];
};

/** Why a field of the input was refused. Use it to show messages in your own language. */
export type PayoutInputErrorCode =
  /** The idempotency key was used before with another input. */
  | 'ALREADY_USED'
  /** Another transfer of the request has the same value. */
  | 'DUPLICATE'
  /** The text contains characters that are not accepted in this field. */
  | 'INVALID_CHARACTERS'
  /** The text is not a UUID. */
  | 'NOT_A_UUID'
  /** The amount is zero or negative. */
  | 'NOT_POSITIVE'
  /** The text begins or ends with whitespace. */
  | 'OUTER_BLANKS'
  /** Lean refused the payout because of this field; see `leanCode`. A corrected payout needs a new key. */
  | 'REFUSED_BY_LEAN'
  /** The text or the list is empty, or the text has no visible character. */
  | 'REQUIRED'
  /** The amount has more digits before the decimal point than are accepted. */
  | 'TOO_LARGE'
  /** The text has more characters than are accepted. */
  | 'TOO_LONG'
  /** The list has more entries than are accepted. */
  | 'TOO_MANY'
  /** The amount has more decimal places than its currency has. */
  | 'TOO_MANY_DECIMALS'
  /** The currency is not in ISO 4217. */
  | 'UNKNOWN_CURRENCY';

/** The request behind a payout: the amount to pay, and its destination. Lean has it from the creation on, before there is a payment. */
export type PayoutIntent = {
  readonly __typename?: 'PayoutIntent';
  /** The exact amount to be paid. */
  readonly amount: PayoutMoney;
  /** Lean's id of the customer that the intent belongs to. */
  readonly customerId?: Maybe<Scalars['ID']['output']>;
  /** The reference text for the recipient's bank. */
  readonly description?: Maybe<Scalars['String']['output']>;
  /** The destination of the money. It costs no further Lean call, except on Lean applications without a call for intents (UAE V1, KSA), where it costs one. */
  readonly destination?: Maybe<PayoutDestination>;
  /** Your own id of the payout, as given on creation, such as `INV-2026-0042`. It is never masked, so it must not contain an account number. */
  readonly externalReference?: Maybe<Scalars['String']['output']>;
  /** Lean's payment_intent_id. */
  readonly id: Scalars['ID']['output'];
  /** The payout of this intent. It costs no further Lean call, except for fields that say so. */
  readonly payout?: Maybe<Payout>;
};

/** An amount of money in the major unit of its currency: `"16.50"` with `AED` is 16 dirhams and 50 fils. Always select both fields: client caches store it as a part of its payout and replace it as a whole. */
export type PayoutMoney = {
  readonly __typename?: 'PayoutMoney';
  /** The exact digits that Lean sent, as text, such as `"16.5"`. */
  readonly amount: Scalars['Decimal']['output'];
  /** The currency, such as `AED`. */
  readonly currency: Scalars['PayoutCurrencyCode']['output'];
};

/** An amount of money to pay, in the major unit of its currency. */
export type PayoutMoneyInput = {
  /** Greater than zero, with no more decimal places than the currency has (AED 2, KWD 3), such as `"16.50"`. Lean receives exactly these digits. */
  readonly amount: Scalars['Decimal']['input'];
  /** The currency, such as `AED`. */
  readonly currency: Scalars['PayoutCurrencyCode']['input'];
};

/** Whether the money has gone to the recipient, from Lean's two statuses together. Use this for decisions, not `status`. */
export type PayoutOutcome =
  /** Not decided yet. This includes `ACCEPTED_BY_BANK` until the tracking ends. */
  | 'IN_PROGRESS'
  /** The payout failed, or the bank rejected it before or after it had accepted it. */
  | 'NOT_PAID'
  /** The bank has executed the payout (`postInitiationStatus: PROCESSED`). */
  | 'PAID';

/** Lean may or may not have accepted the payout. Never pay it under another key. Repeating the request with the same key is always safe; `reason` says whether it can help. */
export type PayoutOutcomeUnknown = {
  readonly __typename?: 'PayoutOutcomeUnknown';
  /** The key to repeat the request with. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** A sentence that says why the outcome is unknown, and what to do next. */
  readonly message: Scalars['String']['output'];
  /** Why the outcome is unknown. */
  readonly reason: PayoutUnknownReason;
  /** From this time on, a repeated request may send the payout again, if Lean does not have it. Null if the payout is not sent again without a decision of an operator. */
  readonly resendAt?: Maybe<Scalars['DateTime']['output']>;
  /** How long to wait before the request is repeated: 1 to 30 seconds. */
  readonly retryAfterSeconds: Scalars['Int']['output'];
};

/** The sender or the recipient of a payout, as far as Lean names it. */
export type PayoutParty = {
  readonly __typename?: 'PayoutParty';
  /** The bank account number, such as `"1015000000601"`. The gateway may mask it (`"*********0601"`) for callers without the scope `payouts:read_sensitive`. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly accountNumber?: Maybe<Scalars['String']['output']>;
  /** Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`. Lean names the bank of a sender only when a payout is created. So it is null for senders of payouts that this gateway did not create. For a payout from `payoutByPayment` it costs one more Lean call, shared with `intent`. */
  readonly bankName?: Maybe<Scalars['String']['output']>;
  /** The name of the destination in Lean's list. The legal name for a sender, and for a destination without another name. For a payout from `payoutByPayment` it costs one more Lean call, shared with `intent`. */
  readonly displayName?: Maybe<Scalars['String']['output']>;
  /** The IBAN, such as `"AE070331234567890123456"`. The gateway may mask it (`"AE*****************3456"`) for callers without the scope `payouts:read_sensitive`. */
  readonly iban?: Maybe<Scalars['String']['output']>;
  /** For client caches: the id of the payout with the side, `"po_…:recipient"` or `"po_…:sender"`. */
  readonly id: Scalars['ID']['output'];
  /** The legal name, from Lean's payment or from the destination. On a list it costs one Lean call per payout, shared by all such fields and `intent`. */
  readonly legalName?: Maybe<Scalars['String']['output']>;
};

/** Nothing was paid, and the same request would be rejected again. A payout that Lean creates and fails at once is also rejected; it has a `rejectedIntentId`. */
export type PayoutRejected = {
  readonly __typename?: 'PayoutRejected';
  /** The reason, for programs. */
  readonly code: PayoutRejectionCode;
  /** The idempotency key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** One entry for each refused field of the input, 20 at most. Empty if no field was refused. */
  readonly inputErrors: ReadonlyArray<PayoutInputError>;
  /** Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`; null if Lean gave none. */
  readonly leanCode?: Maybe<Scalars['String']['output']>;
  /** The reason, as an English sentence. */
  readonly message: Scalars['String']['output'];
  /** The payout of `rejectedIntentId`, as Lean has it now; null if Lean created none. Costs one Lean call. */
  readonly payout?: Maybe<Payout>;
  /** Lean's payment_intent_id of the payout that Lean created and failed; null if Lean created none. */
  readonly rejectedIntentId?: Maybe<Scalars['ID']['output']>;
  /** The index of the transfer in `transfers`, from 0. Null if Lean or the gateway refused the whole request; the results of `payoutRequest` then name each transfer of a batch. */
  readonly transferIndex?: Maybe<Scalars['Int']['output']>;
};

/** Why a payout was rejected. */
export type PayoutRejectionCode =
  /** The key was used before with another input. This request paid nothing, but the earlier one may have. Repeat the original input. Use a new key only for an additional payout. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The gateway refused the input and sent nothing. Correct the fields in `inputErrors`. The key may be used again, unless an earlier request has used it. */
  | 'INVALID_INPUT'
  /** Lean refused the payout, failed it, or has not accepted it; see `leanCode`. A corrected payout needs a new key. */
  | 'REJECTED_BY_LEAN';

/** A request with an idempotency key, and its results. */
export type PayoutRequest = {
  readonly __typename?: 'PayoutRequest';
  /** The idempotency key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** When the gateway recorded the request. */
  readonly requestedAt: Scalars['DateTime']['output'];
  /** One entry for each transfer, in order: its recorded result, or `PayoutOutcomeUnknown` while it is in flight or its outcome is unknown. `PayoutCreated.status` is the status at creation; `PayoutCreated.payout` has the current one. */
  readonly results: ReadonlyArray<CreatePayoutResult>;
};

/** The progress of a payout, from Lean's own status. It does not say whether the money has arrived: use `Payout.outcome` for that. */
export type PayoutStatus =
  /** The bank accepted it. This is not final and no proof of payment: the bank may still reject it. */
  | 'ACCEPTED_BY_BANK'
  /** The authorisation failed, for example because of a wrong one-time password. Lean's list and history show `FAILED` instead, and so does `payouts`. */
  | 'AUTHORISATION_FAILED'
  /** Waits until a person, or the authoriser, authorises it. */
  | 'AWAITING_AUTHORIZATION'
  /** Recorded at Lean. Nothing has reached the bank yet. */
  | 'CREATED'
  /** The payout was not executed. */
  | 'FAILED'
  /** The bank received it but gave no reference. It may still be processed, or fail. Reconcile it. */
  | 'PENDING_WITH_BANK'
  /** Lean gave no status, or one that this gateway does not know; see `leanStatus`. */
  | 'UNKNOWN';

/** One of several payouts that one request creates. */
export type PayoutTransferInput = {
  /** The id of the account to debit, from the Payouts tab of Lean's dashboard. */
  readonly accountId: Scalars['ID']['input'];
  /** The amount, with its currency. */
  readonly amount: PayoutMoneyInput;
  /** True: Lean authorises the payout at once, through the authoriser that is set up for this. False: the payout waits until a person authorises it. */
  readonly authorize?: Scalars['Boolean']['input'];
  /** Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`. */
  readonly description: Scalars['String']['input'];
  /** The destination to pay, by its `PayoutDestination.id`. Pay a destination only when its status is `ACTIVE`. */
  readonly destinationId: Scalars['ID']['input'];
  /** Your own id of the payout: at most 64 characters, without whitespace at either end, and different for each transfer. `PayoutIntent.externalReference` returns it. The default is as in `CreatePayoutInput`. If there are several transfers, the index of the transfer, from 0, and a short digest follow. */
  readonly externalReference?: InputMaybe<Scalars['String']['input']>;
};

/** Why the outcome of a payout is unknown. */
export type PayoutUnknownReason =
  /** An operator must find out what happened. Repeating the request does not help. */
  | 'OPERATOR'
  /** Lean has a payout that may be this one. An operator must decide. Repeating the request does not help. */
  | 'UNCLEAR'
  /** Lean may still accept the payout, or could not be read. Repeat the same input and key after `retryAfterSeconds`. */
  | 'WAITING';

/** A state change of a payout, as Lean's own records show it. The changes of a payout come in order, each once. */
export type PayoutUpdate = {
  readonly __typename?: 'PayoutUpdate';
  /** The position of this update among all updates. After a lost connection, subscribe again, with the last cursor that you received as `after`. The cursor is valid with any `id`, at every gateway that shares the store. Over SSE it is also the `id:` of the event, which browsers send back by themselves. */
  readonly cursor: Scalars['String']['output'];
  /** Lean's id of the event that announced the change, or an id generated by the gateway if no event did. */
  readonly eventId: Scalars['ID']['output'];
  /** Lean's payment_intent_id of the payout. */
  readonly intentId: Scalars['ID']['output'];
  /** Lean's own name of the status, such as `ACCEPTED_BY_BANK`. */
  readonly leanStatus: Scalars['String']['output'];
  /** Whether money had moved by then, from `status` and `postInitiationStatus` together. Null if they do not show it, as in `Payout.outcome`. */
  readonly outcome?: Maybe<PayoutOutcome>;
  /** Lean's payment_id at this change; null if Lean had made no payment yet. */
  readonly paymentId?: Maybe<Scalars['ID']['output']>;
  /** The payout as Lean has it now, which may be newer than this update. The gateway reads the payout, its `intent` and its `history` once for all subscribers. */
  readonly payout?: Maybe<Payout>;
  /** The id of the payout, as in `Payout.id`. */
  readonly payoutId: Scalars['ID']['output'];
  /** How the bank's tracking had ended by then; null if it had not ended, or Lean does not report it. */
  readonly postInitiationStatus?: Maybe<PostInitiationStatus>;
  /** When Lean published the event. */
  readonly publishedAt: Scalars['DateTime']['output'];
  /** The payout's status after the change. */
  readonly status: PayoutStatus;
  /** The type of the event. */
  readonly type: HistoryEventType;
};

/** Lean has answered for each transfer. It may have accepted some and rejected others. */
export type PayoutsCreated = {
  readonly __typename?: 'PayoutsCreated';
  /** The transfers that Lean has accepted. */
  readonly created: ReadonlyArray<PayoutCreated>;
  /** The idempotency key of the request. */
  readonly idempotencyKey: Scalars['String']['output'];
  /** The transfers that were rejected. */
  readonly rejected: ReadonlyArray<PayoutRejected>;
};

/** How the bank's tracking of an accepted payout ended. */
export type PostInitiationStatus =
  /** The bank executed the payout. */
  | 'PROCESSED'
  /** The bank rejected the payout after it had accepted it. */
  | 'REJECTED'
  /** Lean gave a value that this gateway does not know. */
  | 'UNKNOWN';

/** All queries. They need the scope `payouts:read`. */
export type Query = {
  readonly __typename?: 'Query';
  readonly _entities: ReadonlyArray<Maybe<_Entity>>;
  readonly _service: _Service;
  /** One payout; null if Lean does not know it. Costs one Lean call, which includes its `intent` and the destination. Fields that cost more say so. */
  readonly payout?: Maybe<Payout>;
  /** The payout of an intent, by Lean's payment_intent_id; null if Lean does not know it. Costs one Lean call, which includes its `intent` and the destination. Fields that cost more say so. */
  readonly payoutByIntent?: Maybe<Payout>;
  /** The payout of a payment, by Lean's payment_id; null if Lean does not know it. Costs one Lean call, or two on Lean applications without a call for a payment (UAE V1, KSA). Fields that cost more say so. */
  readonly payoutByPayment?: Maybe<Payout>;
  /** One destination; null if Lean does not know the id. Costs one Lean call. Pay a destination only when its status is `ACTIVE`. */
  readonly payoutDestination?: Maybe<PayoutDestination>;
  /** One intent, with its payout and destination; null if Lean does not know the id. Costs one Lean call. */
  readonly payoutIntent?: Maybe<PayoutIntent>;
  /** Your request with an idempotency key, and its results. This query sends no payout and changes nothing. It costs no Lean call, except for `payout`, `intent`, and the fields of `sender` and `recipient` that are missing in the recorded result. Null means that there is no record: the key never arrived, nothing was sent for it, or the record was deleted after the retention period. **Null does not allow you to pay again under another key.** */
  readonly payoutRequest?: Maybe<PayoutRequest>;
  /** The cursor of the newest update when this request began. Nothing else in the response is older. To miss no update, query it in one operation with the payouts that you show, then subscribe to `payoutUpdated` with it as `after`. The first updates may repeat what you have read. Costs no Lean call. Null if this gateway receives no updates. */
  readonly payoutUpdatesCursor?: Maybe<Scalars['String']['output']>;
  /** Payouts in Lean's order, newest first. A page costs one Lean call, sometimes two. Fields that Lean's list does not contain cost one more call per payout. For a final payout whose row has not changed since the page was last read, they cost none and may be up to ten minutes old. */
  readonly payouts?: Maybe<PayoutConnection>;
};

/** All queries. They need the scope `payouts:read`. */
export type Query_EntitiesArgs = {
  representations: ReadonlyArray<Scalars['_Any']['input']>;
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutArgs = {
  id: Scalars['ID']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutByIntentArgs = {
  intentId: Scalars['ID']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutByPaymentArgs = {
  paymentId: Scalars['ID']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutDestinationArgs = {
  id: Scalars['ID']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutIntentArgs = {
  id: Scalars['ID']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutRequestArgs = {
  idempotencyKey: Scalars['String']['input'];
};

/** All queries. They need the scope `payouts:read`. */
export type QueryPayoutsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<PayoutFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** Updates of payouts as they happen, for callers with the scope `payouts:read`. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /** Every state change of a payout, from created to paid, also before Lean has made a payment. Query `payoutUpdatesCursor` together with the payouts that you show, then subscribe with it as `after`. Use SSE or WebSocket (graphql-ws), at the same address as for queries. */
  readonly payoutUpdated: PayoutUpdate;
};

/** Updates of payouts as they happen, for callers with the scope `payouts:read`. */
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
