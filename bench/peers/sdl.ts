/** The part of our schema that the workloads use, for peers that are built from SDL. */
export const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key"])

  scalar PayoutCurrencyCode
  scalar DateTime
  scalar Decimal

  enum PayoutStatus { CREATED PENDING_WITH_BANK ACCEPTED_BY_BANK FAILED }
  enum PostInitiationStatus { PROCESSED REJECTED }
  enum HistoryEventType { PAYMENT_CREATED PAYMENT_UPDATED }

  type PayoutMoney { amount: Decimal! currency: PayoutCurrencyCode! }
  type PayoutParty { displayName: String }
  type PageInfo { hasNextPage: Boolean! }
  type PayoutIntent { id: ID! externalReference: String }
  type HistoryEvent { type: HistoryEventType! status: PayoutStatus! publishedAt: DateTime! }

  type Payout @key(fields: "id") {
    id: ID!
    intentId: ID!
    amount: PayoutMoney!
    description: String
    status: PayoutStatus!
    leanStatus: String
    postInitiationStatus: PostInitiationStatus
    recipient: PayoutParty!
    bankTransactionReference: String
    createdAt: DateTime
    submittedAt: DateTime
    intent: PayoutIntent
    history: [HistoryEvent!]
  }

  type PayoutConnection { nodes: [Payout!]! pageInfo: PageInfo! }
  input PayoutDecimalRange { min: Decimal }
  input PayoutFilter { amount: PayoutDecimalRange }

  type Query {
    payout(id: ID!): Payout
    payouts(first: Int, filter: PayoutFilter): PayoutConnection
  }

  type PayoutCreated {
    idempotencyKey: String!
    intentId: ID!
    payoutId: ID!
    status: PayoutStatus!
    amount: PayoutMoney!
    recipient: PayoutParty
  }

  union CreatePayoutResult = PayoutCreated
  input PayoutMoneyInput { amount: Decimal! currency: PayoutCurrencyCode! }

  input CreatePayoutInput {
    idempotencyKey: String!
    accountId: ID!
    destinationId: ID!
    amount: PayoutMoneyInput!
    description: String!
    authorize: Boolean! = false
  }

  type Mutation { createPayout(input: CreatePayoutInput!): CreatePayoutResult! }
`;
