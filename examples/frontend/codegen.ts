import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const config: CodegenConfig = {
  // In a project of your own: a copy of the gateway's api.graphql.
  schema: '../../api.graphql',
  documents: ['src/**/*.{ts,tsx}', '!src/gql/**'],
  generates: {
    'src/gql/': {
      preset: 'client',
      // Apollo Client adds `__typename` to every document. So it must be in the documents that are hashed.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: {
        fragmentMasking: false,
        // Writes src/gql/persisted-documents.json, which is the gateway's PERSISTED_OPERATIONS_FILE.
        persistedDocuments: { hashAlgorithm: 'sha256' },
      },
      config: {
        immutableTypes: true,
        useTypeImports: true,
        strictScalars: true,
        // Amounts and times are text. A number would lose digits.
        scalars: { ID: 'string', DateTime: 'string', Decimal: 'string', PayoutCurrencyCode: 'string' },
      },
    },
  },
};

export default config;
