"""Operations of other dialects on memory become loops and arithmetic."""
