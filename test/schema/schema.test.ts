import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { printSchema, schema } from '../../src/schema/index.ts';

/** Elements that federation adds. Its specification describes them. */
const federationElements = new Set(['_Any', '_Entity', '_Service', 'Query._entities', 'Query._service']);

const types = Object.values(schema.getTypeMap()).filter(
  type => !type.name.startsWith('__') && !isSpecifiedScalarType(type) && !federationElements.has(type.name),
);

describe('the schema documents itself:', () => {
  it.each(types.map(type => [type.name, type] as const))(
    'every element of %s has a description',
    (_name, type) => {
      const missing: string[] = [];
      const check = (path: string, description: string | null | undefined): void => {
        if (!federationElements.has(path) && (description ?? '').trim().length < 8) missing.push(path);
      };
      check(type.name, type.description);
      if (isEnumType(type))
        for (const value of type.getValues()) check(`${type.name}.${value.name}`, value.description);
      if (isInputObjectType(type))
        for (const field of Object.values(type.getFields()))
          check(`${type.name}.${field.name}`, field.description);
      if (isObjectType(type) || isInterfaceType(type))
        for (const field of Object.values(type.getFields())) {
          check(`${type.name}.${field.name}`, field.description);
          if (!federationElements.has(`${type.name}.${field.name}`))
            for (const argument of field.args)
              check(`${type.name}.${field.name}(${argument.name}:)`, argument.description);
        }
      expect(missing).toEqual([]);
    },
  );
});

/** The public contract of this version, without descriptions. */
const contract = `
  type Query {
    payout(id: ID!): Payout
    payoutByIntent(intentId: ID!): Payout
    payoutByPayment(paymentId: ID!): Payout
    payoutRequest(idempotencyKey: String!): PayoutRequest
    payoutUpdatesCursor: String
    payouts(first: Int, after: String, last: Int, before: String, filter: PayoutFilter): PayoutConnection
    payoutIntent(id: ID!): PayoutIntent
    payoutDestination(id: ID!): PayoutDestination
  }
  type Mutation {
    createPayout(input: CreatePayoutInput!): CreatePayoutResult!
    createPayouts(input: CreatePayoutsInput!): CreatePayoutsResult!
  }
  type Subscription { payoutUpdated(id: ID, after: String): PayoutUpdate! }
  scalar DateTime scalar Decimal scalar PayoutCurrencyCode
  type PayoutMoney { amount: Decimal! currency: PayoutCurrencyCode! }
  type PayoutParty {
    id: ID! legalName: String displayName: String accountNumber: String iban: String bankName: String
  }
  enum PayoutOutcome { IN_PROGRESS PAID NOT_PAID }
  enum PostInitiationStatus { PROCESSED REJECTED UNKNOWN }
  enum PayoutStatus { CREATED AWAITING_AUTHORIZATION PENDING_WITH_BANK ACCEPTED_BY_BANK FAILED AUTHORISATION_FAILED UNKNOWN }
  type Payout {
    id: ID! paymentId: ID intentId: ID! intent: PayoutIntent amount: PayoutMoney! description: String status: PayoutStatus!
    leanStatus: String outcome: PayoutOutcome postInitiationStatus: PostInitiationStatus granularStatusCode: String
    statusDetails: String recipient: PayoutParty! sender: PayoutParty paymentSourceId: ID
    bankTransactionReference: String autoAuthorized: Boolean pendingManualAuthorization: Boolean createdAt: DateTime
    updatedAt: DateTime submittedAt: DateTime initiatedAt: DateTime history: [HistoryEvent!]
  }
  type PayoutIntent {
    id: ID! customerId: ID amount: PayoutMoney! description: String externalReference: String payout: Payout
    destination: PayoutDestination
  }
  type PayoutDestination {
    id: ID! status: String legalName: String displayName: String iban: String accountNumber: String swiftCode: String
    bankIdentifier: String address: String city: String country: String customerId: ID ownerType: String
    isDefault: Boolean
  }
  enum HistoryEventType { PAYMENT_CREATED PAYMENT_UPDATED UNKNOWN }
  type HistoryEvent {
    payoutId: ID! paymentId: ID type: HistoryEventType! status: PayoutStatus! leanStatus: String!
    postInitiationStatus: PostInitiationStatus publishedAt: DateTime!
  }
  input PayoutFilter { amount: PayoutDecimalRange createdAt: PayoutDateTimeRange updatedAt: PayoutDateTimeRange }
  input PayoutDecimalRange { min: Decimal max: Decimal }
  input PayoutDateTimeRange { from: DateTime to: DateTime }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type PayoutEdge { cursor: String! node: Payout! }
  type PayoutConnection { edges: [PayoutEdge!]! nodes: [Payout!]! pageInfo: PageInfo! totalCount: Int! }
  input PayoutMoneyInput { amount: Decimal! currency: PayoutCurrencyCode! }
  input CreatePayoutInput {
    idempotencyKey: String! accountId: ID! destinationId: ID! amount: PayoutMoneyInput! description: String!
    externalReference: String authorize: Boolean! = false
  }
  union CreatePayoutResult = PayoutCreated | PayoutRejected | PayoutOutcomeUnknown
  type PayoutCreated {
    idempotencyKey: String! intentId: ID! intent: PayoutIntent payoutId: ID! paymentId: ID payout: Payout
    status: PayoutStatus! leanStatus: String! amount: PayoutMoney! sender: PayoutParty recipient: PayoutParty traceId: ID
    similarUnknownKey: String transferIndex: Int
  }
  type PayoutRejected {
    code: PayoutRejectionCode! message: String! leanCode: String rejectedIntentId: ID payout: Payout
    idempotencyKey: String! transferIndex: Int inputErrors: [PayoutInputError!]!
  }
  enum PayoutInputErrorCode {
    REQUIRED TOO_LONG TOO_MANY OUTER_BLANKS INVALID_CHARACTERS NOT_A_UUID NOT_POSITIVE TOO_LARGE TOO_MANY_DECIMALS
    UNKNOWN_CURRENCY DUPLICATE ALREADY_USED REFUSED_BY_LEAN
  }
  type PayoutInputError { field: String! code: PayoutInputErrorCode! message: String! }
  enum PayoutRejectionCode { INVALID_INPUT REJECTED_BY_LEAN IDEMPOTENCY_CONFLICT }
  type PayoutOutcomeUnknown {
    message: String! idempotencyKey: String! reason: PayoutUnknownReason! retryAfterSeconds: Int! resendAt: DateTime
  }
  enum PayoutUnknownReason { WAITING UNCLEAR OPERATOR }
  type PayoutRequest { idempotencyKey: String! requestedAt: DateTime! results: [CreatePayoutResult!]! }
  input CreatePayoutsInput { idempotencyKey: String! transfers: [PayoutTransferInput!]! }
  input PayoutTransferInput {
    accountId: ID! destinationId: ID! amount: PayoutMoneyInput! description: String! externalReference: String
    authorize: Boolean! = false
  }
  union CreatePayoutsResult = PayoutsCreated | PayoutRejected | PayoutOutcomeUnknown
  type PayoutsCreated { idempotencyKey: String! created: [PayoutCreated!]! rejected: [PayoutRejected!]! }
  type PayoutUpdate {
    cursor: String! eventId: ID! type: HistoryEventType! payoutId: ID! intentId: ID! paymentId: ID status: PayoutStatus!
    leanStatus: String! postInitiationStatus: PostInitiationStatus outcome: PayoutOutcome publishedAt: DateTime!
    payout: Payout
  }
`;

it('the schema has every element of the contract, with its type', () => {
  const actualTypes = schema.getTypeMap();
  const different: string[] = [];
  for (const expected of Object.values(buildSchema(contract).getTypeMap())) {
    if (expected.name.startsWith('__') || isSpecifiedScalarType(expected)) continue;
    const type = actualTypes[expected.name];
    if (isEnumType(expected) && isEnumType(type)) {
      const values = type.getValues().map(value => value.name);
      for (const { name } of expected.getValues())
        if (!values.includes(name)) different.push(`${expected.name}.${name}`);
    } else if (
      (isObjectType(expected) && isObjectType(type)) ||
      (isInputObjectType(expected) && isInputObjectType(type))
    ) {
      const fields = type.getFields();
      for (const field of Object.values(expected.getFields())) {
        const actualField = fields[field.name];
        if (String(actualField?.type) !== String(field.type))
          different.push(`${expected.name}.${field.name}`);
        if ('args' in field && actualField !== undefined && 'args' in actualField)
          for (const argument of field.args)
            if (
              String(actualField.args.find(({ name }) => name === argument.name)?.type) !==
              String(argument.type)
            )
              different.push(`${expected.name}.${field.name}(${argument.name}:)`);
      }
    } else if (type?.constructor !== expected.constructor) different.push(expected.name);
  }
  expect(different).toEqual([]);
});

it('the printed schema has the federation keys and one shareable type', () => {
  const sdl = printSchema();
  expect(sdl).toContain(
    'type Payout\n  @key(fields: "id")\n  @key(fields: "intentId")\n  @key(fields: "paymentId")',
  );
  // `PageInfo` is the only type that other subgraphs may define as well.
  expect(sdl.match(/@shareable$/gm)).toHaveLength(1);
  expect(sdl).toMatch(/type PayoutIntent\s+@key\(fields: "id"\)/);
  expect(sdl).toMatch(/type PayoutDestination\s+@key\(fields: "id"\)/);
  expect(sdl).toMatch(/type PageInfo\s+@shareable/);
});
