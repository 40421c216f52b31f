/** The part of our schema that the workloads ask for, for peers that start from SDL. */
export const sdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@key"])

  scalar CurrencyCode
  scalar DateTime
  scalar Decimal

  enum PayoutStatus { CREATED PENDING_WITH_BANK ACCEPTED_BY_BANK FAILED }
  enum PostInitiationStatus { PROCESSED REJECTED }
  enum HistoryEventType { PAYMENT_CREATED PAYMENT_UPDATED }

  type Money { amount: Decimal! currency: CurrencyCode! }
  type PayoutParty { name: String }
  type PageInfo { hasNextPage: Boolean! }
  type PayoutIntent { id: ID! externalReference: String }
  type HistoryEvent { type: HistoryEventType! status: PayoutStatus! publishedAt: DateTime! }

  type Payout @key(fields: "id") {
    id: ID!
    intentId: ID!
    amount: Money!
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
  input DecimalRange { min: Decimal }
  input PayoutFilter { amount: DecimalRange }

  type Query {
    payout(id: ID!): Payout
    payouts(first: Int, filter: PayoutFilter): PayoutConnection!
  }

  type PayoutCreated {
    idempotencyKey: String!
    intentId: ID!
    payoutId: ID!
    status: PayoutStatus!
    amount: Money!
    recipient: PayoutParty
  }

  union CreatePayoutResult = PayoutCreated
  input MoneyInput { amount: Decimal! currency: CurrencyCode! }

  input CreatePayoutInput {
    idempotencyKey: String!
    accountId: ID!
    destinationId: ID!
    amount: MoneyInput!
    description: String!
    authorize: Boolean! = false
  }

  type Mutation { createPayout(input: CreatePayoutInput!): CreatePayoutResult! }
`;
