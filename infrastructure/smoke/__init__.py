"""Check in a deployed environment what no emulator can prove."""
