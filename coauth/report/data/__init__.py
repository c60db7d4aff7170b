"""Tables as the report needs them: pandas frames, in no language."""
