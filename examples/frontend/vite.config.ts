import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  // The gateway's CORS_ORIGINS names this port.
  server: { port: 5173, strictPort: true },
});
