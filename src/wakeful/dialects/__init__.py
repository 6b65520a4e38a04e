"""Wire protocols, as pure translations: one package each, used by server and client alike."""
