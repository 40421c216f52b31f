/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> =
  T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** A payout to create. */
export type CreatePayoutInput = {
  /** The id of the account to debit, from the Payouts tab of Lean's dashboard. */
  readonly accountId: string | number;
  /** The amount, with its currency. */
  readonly amount: PayoutMoneyInput;
  /** True: Lean authorises the payout at once, through the authoriser that is set up for this. False: the payout waits until a person authorises it. */
  readonly authorize?: boolean;
  /** Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`. */
  readonly description: string;
  /** The destination to pay, by its `PayoutDestination.id`. Pay a destination only when its status is `ACTIVE`. */
  readonly destinationId: string | number;
  /** Your own id of the payout, such as `INV-2026-0001`: at most 64 characters, without whitespace at either end. `PayoutIntent.externalReference` returns it. By default it is the idempotency key, with a digest of the caller if callers use access tokens. */
  readonly externalReference?: string | null | undefined;
  /** Identifies this payout: 1 to 255 printable ASCII characters without whitespace at either end, such as a UUID. All requests with the same key are one payout. Create the key when the user decides to pay, and keep it until the outcome is known. */
  readonly idempotencyKey: string;
};

/** The type of an event. */
export type HistoryEventType =
  /** Lean has made a payment (`payment.created`). The payment may already have ended. */
  | 'PAYMENT_CREATED'
  /** The payment has changed (`payment.updated`). An update of a payout without a payment also has this type. So the first update of a payout is usually `PAYMENT_UPDATED` with the status `CREATED`, before `PAYMENT_CREATED`. */
  | 'PAYMENT_UPDATED'
  /** A type that this gateway does not know. */
  | 'UNKNOWN';

/** A range of time. Both bounds are inclusive and optional. */
export type PayoutDateTimeRange = {
  /** The earliest instant, such as `"2026-03-01T00:00:00Z"`. */
  readonly from?: string | null | undefined;
  /** The latest instant, such as `"2026-03-31T23:59:59.999999Z"`. */
  readonly to?: string | null | undefined;
};

/** A range of decimal numbers. Both bounds are inclusive and optional. */
export type PayoutDecimalRange = {
  /** The highest value, such as `"999.99"`. */
  readonly max?: string | number | null | undefined;
  /** The lowest value, such as `"100"`. */
  readonly min?: string | number | null | undefined;
};

/** Selects the payouts of a list. A payout must match all fields that are given. Lean has no other filters. */
export type PayoutFilter = {
  /** The amount in major units, in any currency. */
  readonly amount?: PayoutDecimalRange | null | undefined;
  /** When Lean recorded the payout. */
  readonly createdAt?: PayoutDateTimeRange | null | undefined;
  /** When Lean last changed the payout. */
  readonly updatedAt?: PayoutDateTimeRange | null | undefined;
};

/** An amount of money to pay, in the major unit of its currency. */
export type PayoutMoneyInput = {
  /** Greater than zero, with no more decimal places than the currency has (AED 2, KWD 3), such as `"16.50"`. Lean receives exactly these digits. */
  readonly amount: string | number;
  /** The currency, such as `AED`. */
  readonly currency: string;
};

/** Whether the money has gone to the recipient, from Lean's two statuses together. Use this for decisions, not `status`. */
export type PayoutOutcome =
  /** Not decided yet. This includes `ACCEPTED_BY_BANK` until the tracking ends. */
  | 'IN_PROGRESS'
  /** The payout failed, or the bank rejected it before or after it had accepted it. */
  | 'NOT_PAID'
  /** The bank has executed the payout (`postInitiationStatus: PROCESSED`). */
  | 'PAID';

/** Why a payout was rejected. */
export type PayoutRejectionCode =
  /** The key was used before with another input. This request paid nothing, but the earlier one may have. Repeat the original input. Use a new key only for an additional payout. */
  | 'IDEMPOTENCY_CONFLICT'
  /** The gateway refused the input and sent nothing. Correct the fields in `inputErrors`. The key may be used again, unless an earlier request has used it. */
  | 'INVALID_INPUT'
  /** Lean refused the payout, failed it, or has not accepted it; see `leanCode`. A corrected payout needs a new key. */
  | 'REJECTED_BY_LEAN';

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

/** How the bank's tracking of an accepted payout ended. */
export type PostInitiationStatus =
  /** The bank executed the payout. */
  | 'PROCESSED'
  /** The bank rejected the payout after it had accepted it. */
  | 'REJECTED'
  /** Lean gave a value that this gateway does not know. */
  | 'UNKNOWN';

export type PayoutsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
  filter?: PayoutFilter | null | undefined;
}>;

export type PayoutsQuery = {
  readonly payoutUpdatesCursor: string | null;
  readonly payouts: {
    readonly totalCount: number;
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
    readonly nodes: ReadonlyArray<{
      readonly id: string;
      readonly description: string | null;
      readonly outcome: PayoutOutcome | null;
      readonly createdAt: string | null;
      readonly amount: { readonly amount: string; readonly currency: string };
      readonly recipient: { readonly displayName: string | null };
      readonly intent: { readonly externalReference: string | null } | null;
      readonly history: ReadonlyArray<{ readonly leanStatus: string; readonly publishedAt: string }> | null;
    }>;
  } | null;
};

export type PayoutInFullQueryVariables = Exact<{
  id: string | number;
}>;

export type PayoutInFullQuery = {
  readonly payout: {
    readonly id: string;
    readonly intentId: string;
    readonly description: string | null;
    readonly outcome: PayoutOutcome | null;
    readonly status: PayoutStatus;
    readonly leanStatus: string | null;
    readonly postInitiationStatus: PostInitiationStatus | null;
    readonly bankTransactionReference: string | null;
    readonly submittedAt: string | null;
    readonly initiatedAt: string | null;
    readonly amount: { readonly amount: string; readonly currency: string };
    readonly sender: {
      readonly legalName: string | null;
      readonly accountNumber: string | null;
      readonly iban: string | null;
    } | null;
    readonly recipient: {
      readonly legalName: string | null;
      readonly accountNumber: string | null;
      readonly iban: string | null;
    };
    readonly intent: {
      readonly externalReference: string | null;
      readonly customerId: string | null;
      readonly destination: {
        readonly id: string;
        readonly status: string | null;
        readonly displayName: string | null;
        readonly bankIdentifier: string | null;
        readonly city: string | null;
        readonly country: string | null;
      } | null;
    } | null;
    readonly history: ReadonlyArray<{
      readonly type: HistoryEventType;
      readonly status: PayoutStatus;
      readonly postInitiationStatus: PostInitiationStatus | null;
      readonly publishedAt: string;
    }> | null;
  } | null;
};

export type CreatePayoutMutationVariables = Exact<{
  input: CreatePayoutInput;
}>;

export type CreatePayoutMutation = {
  readonly createPayout:
    | {
        readonly __typename: 'PayoutCreated';
        readonly payoutId: string;
        readonly status: PayoutStatus;
        readonly amount: { readonly amount: string; readonly currency: string };
        readonly recipient: { readonly displayName: string | null } | null;
      }
    | {
        readonly __typename: 'PayoutOutcomeUnknown';
        readonly message: string;
        readonly idempotencyKey: string;
      }
    | {
        readonly __typename: 'PayoutRejected';
        readonly code: PayoutRejectionCode;
        readonly message: string;
        readonly inputErrors: ReadonlyArray<{ readonly field: string; readonly message: string }>;
      };
};

export type NewestPayoutQueryVariables = Exact<{ [key: string]: never }>;

export type NewestPayoutQuery = {
  readonly payouts: {
    readonly nodes: ReadonlyArray<{
      readonly id: string;
      readonly outcome: PayoutOutcome | null;
      readonly status: PayoutStatus;
      readonly postInitiationStatus: PostInitiationStatus | null;
      readonly createdAt: string | null;
      readonly history: ReadonlyArray<{
        readonly leanStatus: string;
        readonly postInitiationStatus: PostInitiationStatus | null;
        readonly publishedAt: string;
      }> | null;
    }>;
  } | null;
};

export type PayoutUpdatesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;

export type PayoutUpdatesSubscription = {
  readonly payoutUpdated: {
    readonly cursor: string;
    readonly payoutId: string;
    readonly status: PayoutStatus;
    readonly postInitiationStatus: PostInitiationStatus | null;
    readonly outcome: PayoutOutcome | null;
    readonly publishedAt: string;
    readonly payout: {
      readonly amount: { readonly amount: string; readonly currency: string };
      readonly recipient: { readonly displayName: string | null };
    } | null;
  };
};

export const PayoutsDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'Payouts' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'Int' } },
        },
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'String' } },
        },
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'PayoutFilter' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          { kind: 'Field', name: { kind: 'Name', value: 'payoutUpdatesCursor' } },
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'payouts' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'first' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'first' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'after' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
              },
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'filter' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'filter' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'totalCount' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'pageInfo' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'hasNextPage' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'endCursor' } },
                    ],
                  },
                },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'nodes' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'amount' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'recipient' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'displayName' } }],
                        },
                      },
                      { kind: 'Field', name: { kind: 'Name', value: 'description' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'outcome' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'createdAt' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'intent' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'externalReference' } }],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'history' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'leanStatus' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'publishedAt' } },
                          ],
                        },
                      },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<PayoutsQuery, PayoutsQueryVariables>;
export const PayoutInFullDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'PayoutInFull' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'id' } },
          type: { kind: 'NonNullType', type: { kind: 'NamedType', name: { kind: 'Name', value: 'ID' } } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'payout' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'id' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'id' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                { kind: 'Field', name: { kind: 'Name', value: 'intentId' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'amount' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                    ],
                  },
                },
                { kind: 'Field', name: { kind: 'Name', value: 'description' } },
                { kind: 'Field', name: { kind: 'Name', value: 'outcome' } },
                { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                { kind: 'Field', name: { kind: 'Name', value: 'leanStatus' } },
                { kind: 'Field', name: { kind: 'Name', value: 'postInitiationStatus' } },
                { kind: 'Field', name: { kind: 'Name', value: 'bankTransactionReference' } },
                { kind: 'Field', name: { kind: 'Name', value: 'submittedAt' } },
                { kind: 'Field', name: { kind: 'Name', value: 'initiatedAt' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'sender' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'legalName' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'accountNumber' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'iban' } },
                    ],
                  },
                },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'recipient' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'legalName' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'accountNumber' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'iban' } },
                    ],
                  },
                },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'intent' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'externalReference' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'customerId' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'destination' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'displayName' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'bankIdentifier' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'city' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'country' } },
                          ],
                        },
                      },
                    ],
                  },
                },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'history' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'type' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'postInitiationStatus' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'publishedAt' } },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<PayoutInFullQuery, PayoutInFullQueryVariables>;
export const CreatePayoutDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'mutation',
      name: { kind: 'Name', value: 'CreatePayout' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'input' } },
          type: {
            kind: 'NonNullType',
            type: { kind: 'NamedType', name: { kind: 'Name', value: 'CreatePayoutInput' } },
          },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'createPayout' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'input' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'input' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: '__typename' } },
                {
                  kind: 'InlineFragment',
                  typeCondition: { kind: 'NamedType', name: { kind: 'Name', value: 'PayoutCreated' } },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'payoutId' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'amount' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'recipient' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'displayName' } }],
                        },
                      },
                    ],
                  },
                },
                {
                  kind: 'InlineFragment',
                  typeCondition: { kind: 'NamedType', name: { kind: 'Name', value: 'PayoutRejected' } },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'code' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'message' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'inputErrors' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'field' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'message' } },
                          ],
                        },
                      },
                    ],
                  },
                },
                {
                  kind: 'InlineFragment',
                  typeCondition: { kind: 'NamedType', name: { kind: 'Name', value: 'PayoutOutcomeUnknown' } },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'message' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'idempotencyKey' } },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<CreatePayoutMutation, CreatePayoutMutationVariables>;
export const NewestPayoutDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'query',
      name: { kind: 'Name', value: 'NewestPayout' },
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'payouts' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'first' },
                value: { kind: 'IntValue', value: '1' },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'nodes' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      { kind: 'Field', name: { kind: 'Name', value: 'id' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'outcome' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'postInitiationStatus' } },
                      { kind: 'Field', name: { kind: 'Name', value: 'createdAt' } },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'history' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'leanStatus' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'postInitiationStatus' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'publishedAt' } },
                          ],
                        },
                      },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<NewestPayoutQuery, NewestPayoutQueryVariables>;
export const PayoutUpdatesDocument = {
  kind: 'Document',
  definitions: [
    {
      kind: 'OperationDefinition',
      operation: 'subscription',
      name: { kind: 'Name', value: 'PayoutUpdates' },
      variableDefinitions: [
        {
          kind: 'VariableDefinition',
          variable: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
          type: { kind: 'NamedType', name: { kind: 'Name', value: 'String' } },
        },
      ],
      selectionSet: {
        kind: 'SelectionSet',
        selections: [
          {
            kind: 'Field',
            name: { kind: 'Name', value: 'payoutUpdated' },
            arguments: [
              {
                kind: 'Argument',
                name: { kind: 'Name', value: 'after' },
                value: { kind: 'Variable', name: { kind: 'Name', value: 'after' } },
              },
            ],
            selectionSet: {
              kind: 'SelectionSet',
              selections: [
                { kind: 'Field', name: { kind: 'Name', value: 'cursor' } },
                { kind: 'Field', name: { kind: 'Name', value: 'payoutId' } },
                { kind: 'Field', name: { kind: 'Name', value: 'status' } },
                { kind: 'Field', name: { kind: 'Name', value: 'postInitiationStatus' } },
                { kind: 'Field', name: { kind: 'Name', value: 'outcome' } },
                { kind: 'Field', name: { kind: 'Name', value: 'publishedAt' } },
                {
                  kind: 'Field',
                  name: { kind: 'Name', value: 'payout' },
                  selectionSet: {
                    kind: 'SelectionSet',
                    selections: [
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'amount' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [
                            { kind: 'Field', name: { kind: 'Name', value: 'amount' } },
                            { kind: 'Field', name: { kind: 'Name', value: 'currency' } },
                          ],
                        },
                      },
                      {
                        kind: 'Field',
                        name: { kind: 'Name', value: 'recipient' },
                        selectionSet: {
                          kind: 'SelectionSet',
                          selections: [{ kind: 'Field', name: { kind: 'Name', value: 'displayName' } }],
                        },
                      },
                    ],
                  },
                },
              ],
            },
          },
        ],
      },
    },
  ],
} as unknown as DocumentNode<PayoutUpdatesSubscription, PayoutUpdatesSubscriptionVariables>;
