import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { createGatewayClient } from './gateway/client';
import './styles.css';

const client = createGatewayClient(import.meta.env.VITE_GATEWAY_URL ?? 'http://localhost:4000/graphql');

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with the id "root"');
createRoot(root).render(
  <StrictMode>
    <ApolloProvider client={client}>
      <App />
    </ApolloProvider>
  </StrictMode>,
);
