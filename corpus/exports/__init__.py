"""Files go out: the project as it stands, resolved or by person."""
